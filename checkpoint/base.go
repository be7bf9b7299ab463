package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ownBase is a base that this run wrote, or tried to.
type ownBase struct {
	files []string // written for it, and not deleted yet
	state baseState
	ref   BaseRef  // when it is ready
	from  *BaseRef // whose files it names as well; nil: none, it stands alone
}

type baseState uint8

const (
	baseWriting baseState = iota
	baseReady             // may be named by a manifest at any time
	baseFailed            // will never be named
)

// Scan passes entries in key order to fn, until it returns false: the writing was given up.
type Scan = func(fn func(key, value []byte) bool) error

// WriteBase writes a base snapshot: the full state at checkpoint at, which must be decided, as the scans pass it, the keys of each above those of the one
// before. They run side by side, each with files of its own, so that a store that is far away is used as well as it can be. Memory is bounded
// whatever the size; ctx stops it. The result belongs into the next manifests prepared; until one of them is decided, the older base stays in use.
//
// The local backend must hold checkpoint at durably (Flush) before a manifest with this base is decided: else after a crash
// its marker may be older than the base, and the base must be loaded although the state was nearly there.
func (r *Repository) WriteBase(ctx context.Context, at ID, scans ...Scan) (BaseRef, error) {
	if _, err := ParseID(string(at)); err != nil {
		return BaseRef{}, fmt.Errorf("write base: %w", err)
	}
	if r.run == "" {
		return BaseRef{}, fmt.Errorf("write base at %s: this repository was opened for reading, without a run", at)
	}
	seq := r.newBase(nil)
	files, err := r.writeBase(ctx, seq, scans)
	if err != nil {
		r.setBase(seq, baseFailed, BaseRef{})
		return BaseRef{}, fmt.Errorf("write base at %s to %s: %w", at, r.URL(), err)
	}
	ref := BaseRef{At: at, Files: files}
	r.setBase(seq, baseReady, ref)
	return ref, nil
}

// writeBase runs the scans side by side. The first that fails stops the others.
func (r *Repository) writeBase(ctx context.Context, seq uint64, scans []Scan) (files []FileRef, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rate := r.opts.BaseRate
	if rate > 0 {
		rate = max(1, rate/max(1, int64(len(scans))))
	}
	parts, errs := make([][]FileRef, len(scans)), make([]error, len(scans))
	var wg sync.WaitGroup
	for i, scan := range scans {
		wg.Go(func() {
			w := &baseWriter{ctx: ctx, repo: r, seq: seq, rate: rate, limit: r.opts.BaseFileSize}
			if parts[i], errs[i] = w.writeAll(scan); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	if first := context.Cause(ctx); first != nil && errors.Join(errs...) != nil {
		return nil, first
	}
	return slices.Concat(parts...), errors.Join(errs...)
}

func (r *Repository) newBase(from *BaseRef) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baseSeq++
	r.bases[r.baseSeq] = &ownBase{from: from}
	return r.baseSeq
}

func (r *Repository) setBase(seq uint64, s baseState, ref BaseRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bases[seq]
	b.state, b.ref = s, ref
}

// addBaseFile makes a file known to the garbage collector before it can exist.
func (r *Repository) addBaseFile(seq uint64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := baseName(r.run, seq, len(r.bases[seq].files))
	r.bases[seq].files = append(r.bases[seq].files, name)
	return name
}

// baseOrder is the sequence number of a base that this run has finished and still has, 0 of any other. The caller holds mu.
func (r *Repository) baseOrder(b BaseRef) uint64 {
	for seq, own := range r.bases {
		if own.state == baseReady && own.ref.equal(b) {
			return seq
		}
	}
	return 0
}
