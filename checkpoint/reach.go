package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// needed is what must be kept: the manifests and deltas of ids, and base files by name.
type needed struct {
	ids   map[ID]struct{}
	bases map[string]struct{}
	named []BaseRef // the bases that files are kept of
	// walked holds, for each of ids, the base that its chain was followed back to: another chain that meets it, bound for the same base, is known from there.
	walked map[ID]ID
}

func newNeeded() *needed {
	return &needed{ids: map[ID]struct{}{}, bases: map[string]struct{}{}, walked: map[ID]ID{}}
}

// has reports whether a file of this kind, checkpoint and name is among them.
func (n *needed) has(kind fileKind, id ID, name string) bool {
	if kind == kindBase {
		_, ok := n.bases[name]
		return ok
	}
	_, ok := n.ids[id]
	return ok
}

// reachable returns what a restore of a checkpoint that is or may become the decided one can need: decided and the retain-1
// before it, and all that this run prepared after it.
func (r *Repository) reachable(ctx context.Context, decided ID, retain int) (*needed, error) {
	keep := newNeeded()
	if err := r.reach(ctx, keep, decided); err != nil {
		return nil, err
	}
	for id, n := decided, 1; n < retain; n++ {
		l, err := r.link(ctx, id)
		if err != nil {
			return nil, err
		}
		if id = l.parent; id == "" {
			break
		}
		// An earlier collection with a smaller retain may have taken it.
		if err := r.reach(ctx, keep, id); errors.Is(err, ErrNotExist) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	for _, id := range r.preparedAfter(decided) {
		if err := r.reach(ctx, keep, id); err != nil {
			return nil, err
		}
	}
	return keep, nil
}

// passed reports whether a collection for a later checkpoint of this run has begun.
func (r *Repository) passed(decided ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return decided.Run() == r.run && decided.Epoch() < r.collected
}

// preparedAfter returns this run's checkpoints after decided; all of them if decided is of another run.
func (r *Repository) preparedAfter(decided ID) (ids []ID) {
	after := uint64(0)
	if decided.Run() == r.run {
		after = decided.Epoch()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, own := range r.own {
		if own.epoch > after {
			ids = append(ids, id)
		}
	}
	return ids
}

// reach adds the chain from id back to its base, and the base.
func (r *Repository) reach(ctx context.Context, keep *needed, id ID) error {
	l, err := r.link(ctx, id)
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", id, err)
	}
	base := l.base
	keep.named = append(keep.named, base)
	for _, f := range base.all() {
		keep.bases[f.Name] = struct{}{}
	}
	for n := 0; ; n++ {
		if to, ok := keep.walked[id]; ok && to == base.At {
			return nil
		}
		keep.ids[id], keep.walked[id] = struct{}{}, base.At
		if id = l.parent; id == base.At {
			return nil
		}
		if l, err = r.link(ctx, id); err != nil {
			return fmt.Errorf("checkpoint %s: %w", id, err)
		}
		if n > maxChain {
			return fmt.Errorf("checkpoint %s: its chain of parents does not end", id)
		}
	}
}

// maxChain is far above what any BasePolicy lets a chain grow to.
const maxChain = 10_000_000

// ownGarbage returns this run's files that are not kept, and that nothing can come to name. A file not known is never among them.
func (r *Repository) ownGarbage(keep *needed, decided ID) (garbage []string) {
	if decided.Run() != r.run {
		return nil // nothing of ours is decided: everything may still be
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collected = max(r.collected, decided.Epoch())
	for id, own := range r.own {
		if _, ok := keep.ids[id]; ok || own.epoch >= r.collected { // later ones may be under way
			continue
		}
		garbage = append(garbage, manifestName(id))
		if own.delta {
			garbage = append(garbage, deltaName(id))
		}
	}
	oldest := r.oldestBase(keep)
	for seq, b := range r.bases {
		// A ready one that is newer than those in use may wait for its first manifest.
		if b.state == baseWriting || b.state == baseReady && seq >= oldest {
			continue
		}
		if len(b.files) == 0 {
			delete(r.bases, seq)
		}
		for _, name := range b.files {
			if _, ok := keep.bases[name]; !ok { // else a newer one has it too
				garbage = append(garbage, name)
			}
		}
	}
	return garbage
}

// oldestBase is the sequence number of the oldest base of this run that must be kept, 0 if there is none. Prepare takes no older
// base than the parent's, so none that is older can come into use.
func (r *Repository) oldestBase(keep *needed) (oldest uint64) {
	for _, b := range keep.named {
		if seq := r.baseOrder(b); seq > 0 && (oldest == 0 || seq < oldest) {
			oldest = seq
		}
	}
	return oldest
}

// forget drops what was deleted.
func (r *Repository) forget(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		switch kind, id := parseName(name); kind {
		case kindManifest:
			delete(r.links, id)
			delete(r.own, id)
		case kindBase:
			if own := r.bases[id.Epoch()]; id.Run() == r.run && own != nil {
				own.files = slices.DeleteFunc(own.files, func(f string) bool { return f == name })
			}
		}
	}
}
