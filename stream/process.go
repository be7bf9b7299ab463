package stream

import "github.com/weirstream/weir/operators"

// Context is what a process function may ask and do: Key, Timestamp, Now, Emit.
type Context[K, U any] = operators.Context[K, U]

// ProcessFunc is called with every record of a keyed stream. Its state handles stand for the record's key. An error fails
// the epoch.
type ProcessFunc[K, T, U any] func(ctx *Context[K, U], v T) error

// Process runs a function with state. open declares the states and returns the function that uses them:
//
//	func(s *stream.Setup) stream.ProcessFunc[string, Event, Alert] {
//		last := stream.ValueState(s, "last", state.Int64{})
//		return func(ctx *stream.Context[string, Alert], e Event) error { … last.Get() … ctx.Emit(…) }
//	}
//
// It is called once for the plan, to learn of the states, and then for every task, whose function has its variables
// to itself. It must declare the same states each time and have no other effect.
func Process[K, T, U any](s *Keyed[K, T], open func(s *Setup) ProcessFunc[K, T, U], opts ...Option) *Keyed[K, U] {
	in, n, out := afterKeyed[K, T, U](s, "process", opts)
	n.need(open != nil, nilFunction)
	checked := func(s *Setup) ProcessFunc[K, T, U] {
		fn := open(s)
		if fn == nil && s.err == nil {
			s.err = errNilProcess
		}
		return fn
	}
	keep(n, s.codec, in, checked, func(b *builder, fn ProcessFunc[K, T, U]) operators.Push[T] {
		return operators.Process(b.task, n.label(), fn, out.out.build(b))
	})
	return out
}
