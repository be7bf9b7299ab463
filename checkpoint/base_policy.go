package checkpoint

import "context"

// BaseStats is how much a full restore of a checkpoint reads.
type BaseStats struct {
	Deltas      int   // checkpoints since the base
	DeltaBytes  int64 // of their deltas
	ChangeBytes int64 // of the base's changes
	BaseBytes   int64 // of its snapshot
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
	s := BaseStats{Deltas: len(steps), ChangeBytes: sizeOf(l.base.Changes), BaseBytes: sizeOf(l.base.Files)}
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
	one := BaseStats{Deltas: 1, DeltaBytes: l.delta.Size, ChangeBytes: sizeOf(l.base.Changes), BaseBytes: sizeOf(l.base.Files)}
	if l.parent == l.base.At {
		return one
	}
	parent, ok := r.links[l.parent]
	if !ok || parent.stats == (BaseStats{}) || !parent.base.equal(l.base) {
		return BaseStats{} // BaseStats walks
	}
	one.Deltas += parent.stats.Deltas
	one.DeltaBytes += parent.stats.DeltaBytes
	return one
}

// BasePolicy says when a new base is due, and of which kind.
type BasePolicy struct {
	MinBytes  int64 // less than this is neither worth a snapshot nor, of deltas, a fold, by its size. Default 32 MiB
	MaxDeltas int   // more checkpoints than this are always worth one of them. Default 500
}

// Due is the base that a BasePolicy finds due.
type Due uint8

// What can be due.
const (
	DueNothing  Due = iota
	DueFold         // Fold: the deltas become changes of the base
	DueSnapshot     // WriteBase
)

// Due says what is due. A snapshot, when changes and deltas together are more than it: so all snapshots cost at most as much as the deltas do, and a restore reads
// at most twice the state. A fold, when the deltas are many or large: then a key that changes all the time counts once, and a restore reads few files.
func (p BasePolicy) Due(s BaseStats) Due {
	if p.MinBytes <= 0 {
		p.MinBytes = 32 << 20
	}
	if p.MaxDeltas <= 0 {
		p.MaxDeltas = 500
	}
	many, changed := s.Deltas > p.MaxDeltas, s.DeltaBytes+s.ChangeBytes
	switch {
	case changed > max(p.MinBytes, s.BaseBytes), many && changed >= s.BaseBytes:
		return DueSnapshot
	case many, s.DeltaBytes > p.MinBytes:
		return DueFold
	}
	return DueNothing
}
