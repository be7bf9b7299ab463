package checkpoint

import (
	"context"
	"errors"
	"fmt"
)

// reachable returns every file that a restore of a checkpoint that is or may become the decided one can need: of decided and the
// retain-1 before it, and of all that this run prepared after it.
func (r *Repository) reachable(ctx context.Context, decided ID, retain int) (map[string]struct{}, error) {
	keep := map[string]struct{}{}
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

// preparedAfter returns this run's checkpoints after decided; all of them if decided is of another run.
func (r *Repository) preparedAfter(decided ID) (ids []ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.links {
		if id.Run() == r.run && (decided.Run() != r.run || id.Epoch() > decided.Epoch()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// reach adds the files of the chain from id back to its base, and the base's.
func (r *Repository) reach(ctx context.Context, keep map[string]struct{}, id ID) error {
	l, err := r.link(ctx, id)
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", id, err)
	}
	base := l.base
	for _, f := range base.Files {
		keep[f.Name] = struct{}{}
	}
	for n := 0; ; n++ {
		keep[manifestName(id)] = struct{}{}
		if l.delta.Name != "" {
			keep[l.delta.Name] = struct{}{}
		}
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

// ownGarbage returns this run's files that are not kept, and that nothing can come to name. A name not known is never in it.
func (r *Repository) ownGarbage(keep map[string]struct{}, decided ID) (garbage []string) {
	if decided.Run() != r.run {
		return nil // nothing of ours is decided: everything may still be
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collected = max(r.collected, decided.Epoch())
	newest := r.newestBase(keep)
	for name := range r.own {
		kind, id := parseName(name)
		if _, ok := keep[name]; ok || !dead(kind, id, decided, newest, r.bases) {
			continue
		}
		garbage = append(garbage, name)
	}
	return garbage
}

func dead(kind fileKind, id, decided ID, newestBase uint64, bases map[uint64]*ownBase) bool {
	if kind != kindBase {
		return id.Epoch() < decided.Epoch() // later ones may be under way
	}
	b := bases[id.Epoch()]
	switch {
	case b == nil || b.state == baseWriting:
		return false
	case b.state == baseFailed:
		return true
	}
	return id.Epoch() < newestBase // a newer one may wait for its first manifest
}

// newestBase is the sequence number of the newest base of this run that is in use; 0 if there is none.
func (r *Repository) newestBase(keep map[string]struct{}) (newest uint64) {
	for seq, b := range r.bases {
		if len(b.files) == 0 {
			continue
		}
		if _, ok := keep[b.files[0]]; ok {
			newest = max(newest, seq)
		}
	}
	return newest
}

// forget drops what was deleted.
func (r *Repository) forget(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		delete(r.own, name)
		switch kind, id := parseName(name); kind {
		case kindManifest:
			delete(r.links, id)
		case kindBase:
			if id.Run() == r.run {
				delete(r.bases, id.Epoch())
			}
		}
	}
}
