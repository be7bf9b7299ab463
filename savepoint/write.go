package savepoint

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/state"
)

// DefaultMemory is what Options.Memory is if it is 0.
const DefaultMemory = 128 << 20

// Options of Write; the zero value is ready for use.
type Options struct {
	// Memory is how many bytes of what is added are sorted at a time. Default DefaultMemory. The process takes up to three times as much.
	Memory int
	// WorkDir is where sorted runs are kept. If a Write with the same savepoint, target and Identity was interrupted there, this one goes on. It is
	// removed when the savepoint is there. Empty: a folder of its own among the system's temporary ones, which an interruption leaves behind.
	WorkDir string
	// Identity is what resumed work must have in common with what was interrupted beside savepoint and target: the input, and how it is read.
	Identity string
	// Packing is how the new savepoint is packed; the zero value: as the old one was to be unpacked.
	Packing Packing
	// Progress, if not nil, is called now and then, from Write's goroutine.
	Progress func(p Progress)
}

// Progress is how far a Write has come. Its phases are "bootstrap", "sort" and "write".
type Progress struct {
	Phase string
	// Done is entries; Total is what they were in the old savepoint, 0 if unknown.
	Done, Total int64
}

// Write makes the new savepoint at a URL where there is none. It exists when Write returns without error, whole, and not before. The old one
// is not changed. Memory is bounded by Options.Memory, whatever the size.
func (e *Edit) Write(ctx context.Context, url string, o Options) (h Header, err error) {
	e.opts = o
	if e.opts.Memory <= 0 {
		e.opts.Memory = DefaultMemory
	}
	if err := e.err(); err != nil {
		return h, err
	}
	if e.opts.Packing == (Packing{}) && e.base != nil {
		e.opts.Packing = e.base.packing
	}
	if err := e.vacant(ctx, url); err != nil {
		return h, err
	}
	work, err := openWork(o.WorkDir, e.identity(url))
	if err != nil {
		return h, err
	}
	done := false
	defer func() { err = errors.Join(err, work.end(done)) }()
	if h, err = e.write(ctx, url, work); err != nil {
		return Header{}, err
	}
	done = true
	return h, nil
}

// vacant refuses a place where there is a savepoint, before any work is done.
func (e *Edit) vacant(ctx context.Context, url string) error {
	s, err := snapshot.OpenIn(ctx, url, packed(checkpoint.ReadStore, e.opts.Packing))
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(fmt.Errorf("savepoint %s: %w", s.URL(), snapshot.ErrExist), s.Close())
	}
	return err
}

// identity is that of the whole of what is to be done, as far as it can be told.
func (e *Edit) identity(url string) string {
	base := Header{}
	if e.base != nil {
		base = e.base.header
	}
	b, err := json.Marshal([]any{url, e.opts.Identity, base, e.header})
	if err != nil { // numbers, strings and times
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func (e *Edit) write(ctx context.Context, url string, work *work) (h Header, err error) {
	if err := e.clearUnfinished(ctx, url, work); err != nil {
		return h, err
	}
	states := e.header.States
	if len(work.note.States) > 0 {
		states = work.note.States
	}
	reg, err := state.NewRegistry(states)
	if err != nil {
		return h, err
	}
	g, err := e.runGraphs(ctx, reg, work)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	w, err := e.bootstrap(ctx, reg, work)
	if err != nil {
		return h, err
	}
	note := work.note
	note.Writing = true
	if err := work.save(note); err != nil {
		return h, err
	}
	e.header.States = reg.Descriptors()
	return e.merge(ctx, url, w, g)
}

// clearUnfinished removes what an earlier Write left at its target: no savepoint, but files of one.
func (e *Edit) clearUnfinished(ctx context.Context, url string, work *work) error {
	if !work.note.Writing {
		return nil
	}
	storeURL, path, err := snapshot.Locate(url)
	if err != nil {
		return err
	}
	s, err := packed(checkpoint.OpenStore, e.opts.Packing)(storeURL)
	if err != nil {
		return err
	}
	if err = snapshot.Delete(ctx, s, path); errors.Is(err, store.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// bootstrap lets all Bootstraps write that have not come to their end in earlier work.
func (e *Edit) bootstrap(ctx context.Context, reg *state.Registry, work *work) (*Writer, error) {
	sorter, err := work.sorter(ctx, e.opts.Memory)
	if err != nil {
		return nil, err
	}
	w := &Writer{ctx: ctx, edit: e, reg: reg, sorter: sorter, groups: e.header.MaxParallelism, work: work, seq: work.note.Seq, put: work.note.Put}
	for work.note.Step < len(e.boots) {
		if err := e.boots[work.note.Step](ctx, w); err != nil {
			return nil, err
		}
		if err := w.save(""); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// merge writes what the old savepoint, the graphs and the sorted runs come to together.
func (e *Edit) merge(ctx context.Context, url string, w *Writer, g *graphState) (h Header, err error) {
	var sources []state.Blocks
	total := int64(g.entries)
	if e.base != nil {
		total += int64(e.base.header.Entries())
		s, err := e.base.base.Scan(ctx, 0, uint16(e.header.MaxParallelism-1))
		if err != nil {
			return h, err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		sources = append(sources, state.InBlocks(e.kept(s.Next, g.ids)))
	}
	defer func() { err = errors.Join(err, w.sorter.Close()) }()
	changes, err := w.sorter.Sorted()
	if err != nil {
		return h, err
	}
	o := &overlay{lists: map[uint16]bool{}}
	o.base.next = checkpoint.Merge(append(sources, state.InBlocks(g.next))...).Each()
	o.changes.next = changes.Each()
	for _, d := range e.header.States {
		o.lists[d.ID] = d.Kind == state.KindList
	}
	header := e.header
	header.Created = time.Time{}
	out, err := snapshot.CreateIn(ctx, url, packed(checkpoint.OpenStore, e.opts.Packing), header)
	if err != nil {
		return h, err
	}
	if err := e.copy(out.Part(0), o.next, total); err != nil {
		return h, errors.Join(err, out.Abort(context.WithoutCancel(ctx)))
	}
	if h, err = out.Commit(ctx); err != nil {
		return h, errors.Join(err, out.Abort(context.WithoutCancel(ctx)))
	}
	return h, nil
}

func (e *Edit) copy(p *snapshot.Part, next checkpoint.Next, total int64) error {
	for n := int64(0); ; n++ {
		entry, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			e.progress("write", n, total)
			return p.Close()
		}
		if err := p.Add(entry); err != nil {
			return err
		}
		if n%(1<<16) == 0 {
			e.progress("write", n, total)
		}
	}
}

func (e *Edit) progress(phase string, done, total int64) {
	if e.opts.Progress != nil {
		e.opts.Progress(Progress{Phase: phase, Done: done, Total: total})
	}
}
