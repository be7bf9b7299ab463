package stream

import (
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// IntervalJoin joins records of a key whose event times are close: a left record of time t with each right one of a time from t + lower to
// t + upper, both included. Either may be negative. It is an inner join, and emits a pair as soon as both are there, in the order of the partners' times; a pair's
// timestamp is the later one's.
//
// A record is kept, in the state "left" or "right", until the watermark says that no partner can come any more. One that is late itself goes to LateLeft or
// LateRight, or is dropped.
func IntervalJoin[K, L, R, U any](left *Keyed[K, L], right *Keyed[K, R], lower, upper time.Duration, leftCodec state.Codec[L], rightCodec state.Codec[R],
	fn func(l L, r R) U, opts ...Option) *Keyed[K, U] {
	n, out := afterBoth[K, L, R, U](left, right, "intervaljoin", opts)
	n.need(leftCodec != nil && rightCodec != nil, nilCodec)
	n.need(fn != nil, nilFunction)
	n.need(lower <= upper, "its interval is empty: the lower bound is %v, the upper one %v", lower, upper)
	whole := lower%time.Millisecond == 0 && upper%time.Millisecond == 0
	n.need(whole, "its interval is from %v to %v: want whole milliseconds, as timestamps are", lower, upper)
	n.needs = true
	n.note("interval", "%v to %v", lower, upper)
	open := func(s *Setup) buffers[L, R] { return openBuffers(s, leftCodec, rightCodec) }
	keepBoth(n, out.codec, left.out, right.out, open, func(b *builder, g *operators.Guard, o buffers[L, R]) (operators.Push[L], operators.Push[R]) {
		l, r := operators.JoinIntervals(b.task, n.label(), operators.IntervalJoin[K, L, R, U]{
			Lower: lower.Milliseconds(), Upper: upper.Milliseconds(), Both: fn,
			Timers: o.timers, Codec: out.codec, Left: o.left, Right: o.right, LateLeft: o.lateLeft, LateRight: o.lateRight,
		}, out.held(b, g))
		return operators.Guarded(g, l), operators.Guarded(g, r)
	})
	return out
}
