package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
)

const (
	// foldBudget is the bytes of deltas that a fold reads whole; the rest is streamed. Less than a restore may have, since a job is at work beside it.
	foldBudget = 32 << 20
	// maxChanges is how many files of changes are let be, before a fold merges some of them.
	maxChanges = 16
)

// Fold makes a base of checkpoint at, which must be decided, without looking at the state: the snapshot of the base that at names stays, and what the
// deltas have changed since becomes one more file of changes, each key once. When there are many, the newest of them are taken in, as long as they are no larger than what
// they are merged with: so there never are very many, and a byte is written again only when its file at least doubles.
//
// What is written follows what was changed, however large the state is; if nothing was, that is nothing. All else is as with WriteBase.
func (r *Repository) Fold(ctx context.Context, at ID) (BaseRef, error) {
	if r.run == "" {
		return BaseRef{}, fmt.Errorf("fold deltas at %s: this repository was opened for reading, without a run", at)
	}
	ref, err := r.fold(ctx, at)
	if err != nil {
		return BaseRef{}, fmt.Errorf("fold deltas at %s of %s: %w", at, r.URL(), err)
	}
	return ref, nil
}

func (r *Repository) fold(ctx context.Context, at ID) (BaseRef, error) {
	l, err := r.link(ctx, at)
	if err != nil {
		return BaseRef{}, err
	}
	_, steps, err := r.chain(ctx, at, "")
	if err != nil {
		return BaseRef{}, err
	}
	stay, merged := newestChanges(l.base.Changes, steps)
	seq := r.newBase(&l.base)
	changes, err := r.writeChanges(ctx, seq, merged, steps)
	if err != nil {
		r.setBase(seq, baseFailed, BaseRef{})
		return BaseRef{}, err
	}
	ref := BaseRef{At: at, Files: l.base.Files, Changes: append(stay[:len(stay):len(stay)], changes...)}
	r.setBase(seq, baseReady, ref)
	return ref, nil
}

// newestChanges parts a base's changes into those that stay as they are, and those that are merged with the deltas: none if the deltas hold nothing.
func newestChanges(changes []FileRef, deltas []Step) (stay, merged []FileRef) {
	if len(changes) < maxChanges {
		return changes, nil
	}
	var size int64
	for _, d := range deltas {
		size += d.Delta.Size
	}
	n := len(changes)
	for n > 0 && changes[n-1].Size <= size {
		n--
		size += changes[n].Size
	}
	return changes[:n], changes[n:]
}

// writeChanges merges changes and deltas into one file, or none if they hold nothing.
func (r *Repository) writeChanges(ctx context.Context, seq uint64, changes []FileRef, deltas []Step) (written []FileRef, err error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{cancel: cancel}
	defer func() { err = errors.Join(err, s.Close()) }()
	newer, err := r.deltaSources(ctx, Plan{Deltas: deltas}, s, foldBudget)
	if err != nil {
		return nil, err
	}
	nothing := newWindow(0) // beyond each file's own chunks
	next := mergeChanges(append(r.changeSources(ctx, nothing, changes, s, nil), newer...)...).Each()
	w := &baseWriter{ctx: ctx, repo: r, seq: seq, rate: r.opts.BaseRate, limit: math.MaxInt64}
	for {
		e, ok, err := next()
		if err != nil || !ok {
			return w.end(err)
		}
		if err := w.add(e.Key, e.Value, e.Delete); err != nil {
			return w.end(err)
		}
	}
}
