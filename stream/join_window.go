package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// WindowJoin joins the records of a key that are in the same window: at its end it emits every pair, or, in a left or outer join, each record
// of a side whose other side is empty. Pairs come by the left record's time, then by the right one's. Windows are Tumbling, Sliding or
// Session; a session is one of the records of both sides together.
//
// A late record goes to LateLeft or LateRight, or is dropped, once all of its windows are over. With AllowLateness, which is for inner joins in tumbling and
// sliding windows, it is paired when it comes. Records are kept in the states "left" and "right", once however many windows they are in.
func WindowJoin[K, L, R, U any](left *Keyed[K, L], right *Keyed[K, R], w Windows, leftCodec state.Codec[L], rightCodec state.Codec[R],
	join Joiner[L, R, U], opts ...Option) *Keyed[K, Pane[K, U]] {
	n, out := afterBoth[K, L, R, Pane[K, U]](left, right, "windowjoin", opts)
	n.need(leftCodec != nil && rightCodec != nil, nilCodec)
	n.need(join.Both != nil, nilFunction)
	w.check(n, true)
	w.checkJoin(n, join.Left != nil || join.Right != nil)
	n.note("windows", "%v", w)
	type opened struct {
		buffers[L, R]
		open *state.Value[[]operators.Session[operators.Nothing]]
	}
	open := func(s *Setup) (o opened) {
		o.buffers = openBuffers(s, leftCodec, rightCodec)
		if w.kind == sessionWindows {
			o.open = ValueState(s, "windows", operators.SessionsCodec[operators.Nothing]{Acc: operators.NothingCodec{}})
		}
		return o
	}
	keepBoth(n, out.codec, left.out, right.out, open, func(b *builder, g *operators.Guard, o opened) (operators.Push[L], operators.Push[R]) {
		l, r := operators.JoinWindows(b.task, n.label(), operators.WindowJoin[K, L, R, U]{
			Windowing: w.w, Joiner: join, Timers: o.timers, Codec: out.codec, Left: o.left, Right: o.right, Open: o.open,
			LateLeft: o.lateLeft, LateRight: o.lateRight, Guard: g,
		}, out.held(b, g))
		return operators.Guarded(g, l), operators.Guarded(g, r)
	})
	return out
}

// checkJoin reports what windows of a join can't have.
func (w Windows) checkJoin(n *node, outer bool) {
	n.need(w.kind != countWindows, "a join can't have count windows: want Tumbling, Sliding or Session")
	n.need(w.w.Early == 0, "early results are not for joins")
	n.need(w.w.Lateness == 0 || w.kind != sessionWindows, "allowed lateness is not for joins in sessions: a late record could make one of two that have emitted")
	n.need(w.w.Lateness == 0 || !outer, "allowed lateness is for inner joins: what was emitted without a partner can't be taken back")
	late := n.lateLeft != nil || n.lateRight != nil
	n.need(!late || w.w.Domain == EventTime, "LateLeft and LateRight are for event time: nothing else is late")
}
