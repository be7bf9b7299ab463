package checkpoint

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/state"
)

// Prepare makes checkpoint m.ID durable: its delta, then its manifest, which is visible only when the delta is durable. The result is
// the manifest as written: Format, Job, Shard, Run, Epoch, Created and Delta are filled in here. The entries must be sorted, each key once, over
// all runs; they are not kept. Prepare decides nothing. After an error the ID must not be used again: part of it may be there.
func (r *Repository) Prepare(ctx context.Context, m Manifest, runs ...[]state.Entry) (Manifest, error) {
	m.Format, m.Job, m.Shard, m.Run, m.Epoch, m.Delta = formatOf(&m), r.job, r.opts.Shard, m.ID.Run(), m.ID.Epoch(), FileRef{}
	if m.Created.IsZero() {
		m.Created = time.Now().UTC()
	}
	size := maxEncoded(runs)
	if err := r.register(&m, r.separate(size)); err != nil {
		return Manifest{}, fmt.Errorf("prepare %s: %w", r.named(m.ID), err)
	}
	if err := r.prepare(ctx, &m, runs, size); err != nil {
		return Manifest{}, fmt.Errorf("prepare %s: %w", r.named(m.ID), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := link{parent: m.Parent, delta: m.Delta, base: m.Base}
	l.stats = r.countLocked(l)
	r.links[m.ID] = l
	return m, nil
}

// register checks the manifest and makes its files known to the garbage collector, before any of them can exist.
func (r *Repository) register(m *Manifest, separate bool) error {
	if err := m.check(r.job, r.opts.Shard); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Run != r.run {
		return fmt.Errorf("this process writes as run %q; make the id with that run", r.run)
	}
	if m.Epoch <= r.prepared {
		return fmt.Errorf("epoch %d of this run was prepared already; a number is never used twice, not even after an abort", r.prepared)
	}
	if m.Parent.Run() == r.run && m.Parent.Epoch() < r.collected {
		return fmt.Errorf("parent %s is older than epoch %d, which is decided; build on the newest decided checkpoint", m.Parent, r.collected)
	}
	if err := r.checkBase(m); err != nil {
		return err
	}
	r.prepared = m.Epoch
	r.links[m.ID] = link{parent: m.Parent, base: m.Base}
	r.own[m.ID] = ownFiles{epoch: m.Epoch, delta: separate}
	return nil
}

// checkBase holds back a base that the parent's chain does not contain, or that may have been collected.
func (r *Repository) checkBase(m *Manifest) error {
	parent, ok := r.links[m.Parent]
	if !ok && m.Parent != m.Base.At {
		return fmt.Errorf("parent %s was neither prepared nor read here; make a Plan for it first", m.Parent)
	}
	if !ok || parent.base.equal(m.Base) {
		return nil
	}
	seq := r.baseOrder(m.Base)
	if seq == 0 || seq < r.baseOrder(parent.base) {
		return fmt.Errorf("base %s is neither the parent's nor one that this run wrote and still has", m.Base.At.orNone())
	}
	if from := r.bases[seq].from; from != nil && !from.equal(parent.base) {
		return fmt.Errorf("base %s has files of base %s, which is not the parent's and so may be collected; fold what the parent has",
			m.Base.At.orNone(), from.At.orNone())
	}
	for id := m.Parent; id != m.Base.At; {
		l, ok := r.links[id]
		if !ok || id == parent.base.At {
			return fmt.Errorf("base %s is not among the checkpoints from the parent %s back to its base %s", m.Base.At.orNone(), m.Parent, parent.base.At.orNone())
		}
		id = l.parent
	}
	return nil
}

// separate says whether a delta of this size gets a file of its own.
func (r *Repository) separate(size int) bool { return size > r.opts.InlineLimit }

func (r *Repository) prepare(ctx context.Context, m *Manifest, runs [][]state.Entry, size int) error {
	var inline []byte
	var err error
	switch {
	case r.separate(size):
		err = r.putDelta(ctx, m, runs)
	case size > 0:
		inline, err = r.encodeInline(m, runs, size)
	}
	if err != nil {
		return fmt.Errorf("delta: %w", err)
	}
	file, err := encodeManifest(*m, inline)
	if err != nil {
		return err
	}
	return r.store.Put(ctx, r.path(manifestName(m.ID)), func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}

// maxEncoded is an upper bound, short of a few frames' heads.
func maxEncoded(runs [][]state.Entry) (n int) {
	for _, entries := range runs {
		for i := range entries {
			n += len(entries[i].Key) + len(entries[i].Value) + 6
		}
	}
	return n
}

func (r *Repository) encodeInline(m *Manifest, runs [][]state.Entry, size int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(size + 256)
	ref, err := writeEntries(&b, runs)
	ref.Name, ref.Inline = manifestName(m.ID), true
	m.Delta = ref
	return b.Bytes(), err
}

func (r *Repository) putDelta(ctx context.Context, m *Manifest, runs [][]state.Entry) error {
	name := deltaName(m.ID)
	err := r.store.Put(ctx, r.path(name), func(w io.Writer) (err error) {
		m.Delta, err = writeEntries(w, runs)
		return err
	})
	m.Delta.Name = name
	return err
}

func writeEntries(w io.Writer, runs [][]state.Entry) (FileRef, error) {
	out := entryfile.NewWriter(w)
	for _, entries := range runs {
		for i := range entries {
			if err := out.Add(entries[i].Key, entries[i].Value, entries[i].Delete); err != nil {
				return FileRef{}, err
			}
		}
	}
	sum, err := out.Close()
	return refOf(sum), err
}

func refOf(s entryfile.Summary) FileRef {
	return FileRef{Size: s.Size, Entries: s.Entries, Checksum: fmt.Sprintf("%016x", s.Digest)}
}
