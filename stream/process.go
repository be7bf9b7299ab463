package stream

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Context is what a process function may ask and do: Key, Timestamp, Now, Watermark, Emit.
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
// to itself. It must declare the same states each time and have no other effect. Besides states it can declare timers (OnTimer)
// and side outputs (SideOutput).
func Process[K, T, U any](s *Keyed[K, T], open func(s *Setup) ProcessFunc[K, T, U], opts ...Option) *Keyed[K, U] {
	in, n, out := afterKeyed[K, T, U](s, "process", opts)
	n.need(open != nil, nilFunction)
	opened := func(s *Setup) processor[K, T, U] { return openProcess(s, open) }
	keep(n, s.codec, in, opened, func(b *builder, g *operators.Guard, p processor[K, T, U]) operators.Push[T] {
		return p.build(b, g, n, s.codec, out)
	})
	return out
}

// processor is what open has made for a task.
type processor[K, T, U any] struct {
	fn     ProcessFunc[K, T, U]
	fire   func(ctx *Context[K, U], t Timer) error
	timers *state.Timers
}

// build makes the operator, and all that follows it.
func (p *processor[K, T, U]) build(b *builder, g *operators.Guard, n *node, codec state.Codec[K], out *Keyed[K, U]) operators.Push[T] {
	next := out.held(b, g)
	if p.timers == nil {
		return operators.Process(b.task, n.label(), p.fn, next)
	}
	return operators.ProcessTimers(b.task, n.label(), g, p.fn, p.timers, codec, p.fire, next)
}

func openProcess[K, T, U any](s *Setup, open func(s *Setup) ProcessFunc[K, T, U]) processor[K, T, U] {
	var p processor[K, T, U]
	p.fn = open(s)
	p.timers = s.timers // open has declared them, or not
	if p.fn == nil {
		s.fail(errNilProcess)
	}
	if s.onTimer != nil {
		var ok bool
		if p.fire, ok = s.onTimer.(func(ctx *Context[K, U], t Timer) error); !ok {
			s.fail(fmt.Errorf("OnTimer was given a %T, which needs the context of the process function", s.onTimer))
		}
	}
	return p
}
