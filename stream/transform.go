package stream

import "github.com/weirstream/weir/operators"

// Functions of the operators below are called from many tasks at once.

// Map turns every record into another one.
func Map[T, U any](s Stream[T], fn func(v T) U, opts ...Option) Stream[U] {
	in, n := after(s, "map", opts)
	n.need(fn != nil, nilFunction)
	out := &flow[U]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.Map(b.task, n.label(), fn, operators.Held(g, out.build(b))))
	})
	return out
}

// TryMap is Map with a function that can fail, which fails the epoch.
func TryMap[T, U any](s Stream[T], fn func(v T) (U, error), opts ...Option) Stream[U] {
	in, n := after(s, "map", opts)
	n.need(fn != nil, nilFunction)
	out := &flow[U]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.TryMap(b.task, n.label(), fn, operators.Held(g, out.build(b))))
	})
	return out
}

// Filter lets the records pass for which keep is true.
func Filter[T any](s Stream[T], keep func(v T) bool, opts ...Option) Stream[T] {
	in, n := after(s, "filter", opts)
	n.need(keep != nil, nilFunction)
	out := &flow[T]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.Filter(b.task, n.label(), keep, operators.Held(g, out.build(b))))
	})
	return out
}

// FlatMap turns every record into any number of others. emit must not be called after fn has returned.
func FlatMap[T, U any](s Stream[T], fn func(v T, emit func(U)), opts ...Option) Stream[U] {
	in, n := after(s, "flatmap", opts)
	n.need(fn != nil, nilFunction)
	out := &flow[U]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.FlatMap(b.task, n.label(), fn, operators.Held(g, out.build(b))))
	})
	return out
}

// TryFlatMap is FlatMap with a function that can fail, which fails the epoch.
func TryFlatMap[T, U any](s Stream[T], fn func(v T, emit func(U)) error, opts ...Option) Stream[U] {
	in, n := after(s, "flatmap", opts)
	n.need(fn != nil, nilFunction)
	out := &flow[U]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.TryFlatMap(b.task, n.label(), fn, operators.Held(g, out.build(b))))
	})
	return out
}

const (
	nilFunction = "its function is nil"
	nilCodec    = "its codec is nil"

	borrowedRecord = "a *stream.Record is reused and can't be sent to another task; Map it to what is needed of it first"
)
