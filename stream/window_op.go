package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// WindowReduce combines the records of a key in each window with fn, as Reduce does, and emits the result at the window's end. A sliding
// window gives a record to several accumulations, so fn must not change its arguments.
func WindowReduce[K, T any](s *Keyed[K, T], w Windows, codec state.Codec[T], fn func(acc, v T) T, opts ...Option) *Keyed[K, Pane[K, T]] {
	same := func(v T) T { return v }
	return windowed(s, w, codec, operators.Fold[T, T, T]{First: same, Add: fn, Merge: fn, Result: same}, opts, func(n *node) {
		n.need(codec != nil, nilCodec)
		n.need(fn != nil, nilFunction)
	})
}

// WindowAggregate folds the records of a key in each window and emits the result at the window's end.
func WindowAggregate[K, T, A, R any](s *Keyed[K, T], w Windows, agg Aggregator[T, A, R], opts ...Option) *Keyed[K, Pane[K, R]] {
	return windowed(s, w, agg.Codec, agg.fold(), opts, agg.check)
}

// windowState is what a window operator keeps; one of the first three.
type windowState[A, T any] struct {
	panes  *state.Map[Window, A]
	open   *state.Value[[]operators.Session[A]]
	count  *state.Value[operators.Counted[A]]
	timers *state.Timers
	late   *operators.Side[T]
}

// windowed adds a window operator, whose state is called "windows".
func windowed[K, T, A, R any](s *Keyed[K, T], w Windows, codec state.Codec[A], fold operators.Fold[T, A, R],
	opts []Option, check func(*node)) *Keyed[K, Pane[K, R]] {
	in, n, out := afterKeyed[K, T, Pane[K, R]](s, "window", opts)
	check(n)
	w.check(n, fold.Merge != nil)
	n.note("windows", "%v", w)
	open := func(s *Setup) windowState[A, T] { return openWindows[A, T](s, w.kind, codec) }
	keep(n, s.codec, in, open, func(b *builder, g *operators.Guard, st windowState[A, T]) operators.Push[T] {
		next, uid := out.held(b, g), n.label()
		if w.kind == countWindows {
			return operators.GlobalWindow(b.task, uid, w.w.Count, fold, st.count, next)
		}
		ws := operators.Windows[K, T, A, R]{Windowing: w.w, Fold: fold, Timers: st.timers, Codec: s.codec, Late: st.late, Guard: g}
		if w.kind == sessionWindows {
			return operators.SessionWindows(b.task, uid, ws, st.open, next)
		}
		return operators.AlignedWindows(b.task, uid, ws, st.panes, next)
	})
	return out
}

func openWindows[A, T any](s *Setup, kind windowKind, codec state.Codec[A]) (st windowState[A, T]) {
	const name = "windows"
	switch kind {
	case countWindows:
		st.count = foldedState(s, name, operators.CountedCodec[A]{Acc: codec})
		return st
	case sessionWindows:
		st.open = foldedState(s, name, operators.SessionsCodec[A]{Acc: codec})
	default:
		st.panes = MapState(s, name, operators.WindowCodec{}, codec)
		if st.panes != nil && s.guard != nil {
			st.panes.LendCopies()
		}
	}
	st.timers = s.openTimers()
	st.late = lateSide[T](s, "LateTo", s.node.late)
	return st
}
