package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Joiner says what a join emits, and whether also for records without a partner: InnerJoin, LeftJoin or OuterJoin.
type Joiner[L, R, U any] = operators.Joiner[L, R, U]

// InnerJoin emits fn of every pair.
func InnerJoin[L, R, U any](fn func(l L, r R) U) Joiner[L, R, U] {
	return Joiner[L, R, U]{Both: fn}
}

// LeftJoin emits fn of every pair, and of left records without a partner; r is nil then.
func LeftJoin[L, R, U any](fn func(l L, r *R) U) Joiner[L, R, U] {
	if fn == nil {
		return Joiner[L, R, U]{}
	}
	return Joiner[L, R, U]{
		Both: func(l L, r R) U { return fn(l, &r) },
		Left: func(l L) U { return fn(l, nil) },
	}
}

// OuterJoin emits fn of every pair, and of records of both sides without a partner; the other side is nil then.
func OuterJoin[L, R, U any](fn func(l *L, r *R) U) Joiner[L, R, U] {
	if fn == nil {
		return Joiner[L, R, U]{}
	}
	return Joiner[L, R, U]{
		Both:  func(l L, r R) U { return fn(&l, &r) },
		Left:  func(l L) U { return fn(&l, nil) },
		Right: func(r R) U { return fn(nil, &r) },
	}
}

// afterBoth adds an operator that joins two keyed streams, and its output.
func afterBoth[K, L, R, U any](left *Keyed[K, L], right *Keyed[K, R], kind string, opts []Option) (*node, *Keyed[K, U]) {
	n := left.out.node.job.add(kind, opts, left.out.node, right.out.node)
	n.stateful, n.together = true, true
	if left.codec != nil && right.codec != nil {
		l, r := left.codec.Name(), right.codec.Name()
		n.need(l == r, "its streams are keyed by different codecs, %q and %q: the same key would be in two places", l, r)
	}
	n.need(n.late == nil, "LateTo is for operators with one input: a join has LateLeft and LateRight")
	return n, &Keyed[K, U]{out: &flow[U]{node: n}, codec: left.codec}
}

// buffers are the records that a join holds back, by time.
type buffers[L, R any] struct {
	left      *state.Map[int64, []L]
	right     *state.Map[int64, []R]
	timers    *state.Timers
	lateLeft  *operators.Side[L]
	lateRight *operators.Side[R]
}

func openBuffers[L, R any](s *Setup, left state.Codec[L], right state.Codec[R]) buffers[L, R] {
	return buffers[L, R]{
		left:      MapState(s, "left", state.Int64{}, operators.HeldCodec[L]{Of: left}),
		right:     MapState(s, "right", state.Int64{}, operators.HeldCodec[R]{Of: right}),
		timers:    s.openTimers(),
		lateLeft:  lateSide[L](s, "LateLeft", s.node.lateLeft),
		lateRight: lateSide[R](s, "LateRight", s.node.lateRight),
	}
}
