package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ownBase is a base that this run wrote, or tried to.
type ownBase struct {
	files []string
	state baseState
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
	seq := r.newBase()
	files, err := r.writeBase(ctx, seq, scans)
	if err != nil {
		r.setBase(seq, baseFailed)
		return BaseRef{}, fmt.Errorf("write base at %s to %s: %w", at, r.URL(), err)
	}
	r.setBase(seq, baseReady)
	return BaseRef{At: at, Files: files}, nil
}

// writeBase runs the scans side by side. The first that fails stops the others.
func (r *Repository) writeBase(ctx context.Context, seq uint64, scans []Scan) (files []FileRef, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rate := r.opts.BaseRate
	if rate > 0 {
		rate = max(1, rate/int64(len(scans)))
	}
	parts, errs := make([][]FileRef, len(scans)), make([]error, len(scans))
	var wg sync.WaitGroup
	for i, scan := range scans {
		wg.Go(func() {
			w := &baseWriter{ctx: ctx, repo: r, seq: seq, rate: rate}
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

func (r *Repository) newBase() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baseSeq++
	r.bases[r.baseSeq] = &ownBase{}
	return r.baseSeq
}

func (r *Repository) setBase(seq uint64, s baseState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bases[seq].state = s
}

// addBaseFile makes a file known to the garbage collector before it can exist.
func (r *Repository) addBaseFile(seq uint64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := baseName(r.run, seq, len(r.bases[seq].files))
	r.bases[seq].files = append(r.bases[seq].files, name)
	return name
}

// isOwnBase says whether all files are of a base that this run finished and still has. The caller holds mu.
func (r *Repository) isOwnBase(b BaseRef) bool {
	for _, f := range b.Files {
		_, id := parseName(f.Name)
		own := r.bases[id.Epoch()]
		if id.Run() != r.run || own == nil || own.state != baseReady {
			return false
		}
	}
	return true
}

// baseOrder is the sequence number of a base of this run, 0 of any other.
func (r *Repository) baseOrder(b BaseRef) uint64 {
	if len(b.Files) == 0 {
		return 0
	}
	if _, id := parseName(b.Files[0].Name); id.Run() == r.run {
		return id.Epoch()
	}
	return 0
}

// BaseStats is how much a full restore of a checkpoint reads.
type BaseStats struct {
	Deltas     int   // checkpoints since the base
	DeltaBytes int64 // of their deltas
	BaseBytes  int64
}

// BaseStats counts what a full restore of checkpoint id would read. Right after the last Prepare it costs nothing.
func (r *Repository) BaseStats(ctx context.Context, id ID) (BaseStats, error) {
	if id == "" {
		return BaseStats{}, nil
	}
	l, err := r.link(ctx, id)
	if err != nil {
		return BaseStats{}, err
	}
	if l.stats != (BaseStats{}) {
		return l.stats, nil
	}
	_, steps, err := r.chain(ctx, id, "")
	if err != nil {
		return BaseStats{}, err
	}
	s := BaseStats{Deltas: len(steps), BaseBytes: l.base.Size()}
	for _, step := range steps {
		s.DeltaBytes += step.Delta.Size
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.stats = s
	r.links[id] = l
	return s, nil
}

// countLocked derives the stats of a new checkpoint from its parent's, if those are known and the base is the same.
func (r *Repository) countLocked(l link) BaseStats {
	one := BaseStats{Deltas: 1, DeltaBytes: l.delta.Size, BaseBytes: l.base.Size()}
	if l.parent == l.base.At {
		return one
	}
	parent, ok := r.links[l.parent]
	if !ok || parent.stats == (BaseStats{}) || parent.base.At != l.base.At || parent.stats.BaseBytes != one.BaseBytes {
		return BaseStats{} // BaseStats walks
	}
	one.Deltas += parent.stats.Deltas
	one.DeltaBytes += parent.stats.DeltaBytes
	return one
}

// BasePolicy says when a new base is due.
type BasePolicy struct {
	MinBytes  int64 // deltas below this never make one due by size. Default 32 MiB
	MaxDeltas int   // more checkpoints than this always do. Default 500
}

// Due reports whether a new base is due: when a restore would read more deltas than base, so that bases cost at most as
// much as the deltas do, or when it would read too many files.
func (p BasePolicy) Due(s BaseStats) bool {
	if p.MinBytes <= 0 {
		p.MinBytes = 32 << 20
	}
	if p.MaxDeltas <= 0 {
		p.MaxDeltas = 500
	}
	return s.DeltaBytes > max(p.MinBytes, s.BaseBytes) || s.Deltas > p.MaxDeltas
}

// throttle sleeps as long as n bytes may take.
func throttle(ctx context.Context, rate int64, n int) error {
	if rate <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
