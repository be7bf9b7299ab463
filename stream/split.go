package stream

import (
	"errors"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// SplitFunc is called with every record. It emits to the main output, and to the side outputs that it has declared. An error fails the
// epoch.
type SplitFunc[T, U any] func(v T, emit func(U)) error

// Split parts a stream by side outputs, which need no key:
//
//	malformed := stream.NewTag[string]("malformed")
//	orders := stream.Split(lines, func(s *stream.Setup) stream.SplitFunc[string, Order] {
//		bad := stream.SideOutput(s, malformed)
//		return func(line string, emit func(Order)) error { … emit(order) … bad.Emit(line) … }
//	})
//	stream.To(stream.Side(orders, malformed), …)
//
// open is called as that of Process, and can declare side outputs only: states and timers belong to keys. emit must not be called after the
// function has returned.
func Split[T, U any](s Stream[T], open func(s *Setup) SplitFunc[T, U], opts ...Option) Stream[U] {
	in, n := after(s, "split", opts)
	n.need(open != nil, nilFunction)
	out := &flow[U]{node: n}
	if open == nil {
		return out
	}
	n.open = func() error {
		_, err := openSplit(n, nil, open)
		return err
	}
	in.feeds(func(b *builder) operators.Push[T] {
		p, err := openSplit(n, b, open)
		if err != nil {
			b.fail(err)
			return nil
		}
		next := operators.Held(p.guard, out.build(b))
		return operators.Guarded(p.guard, operators.Split(b.task, n.label(), p.fn, next))
	})
	return out
}

// splitter is what open has made for a task.
type splitter[T, U any] struct {
	fn    SplitFunc[T, U]
	guard *operators.Guard
}

// openSplit lets open declare its side outputs, and finds out whether it has declared anything else.
func openSplit[T, U any](n *node, b *builder, open func(s *Setup) SplitFunc[T, U]) (splitter[T, U], error) {
	reg, err := state.NewRegistry(nil)
	if err != nil {
		return splitter[T, U]{}, err
	}
	setup := newSetup(n, state.Bytes{}, state.NewStore(nil, reg, state.Options{}), b)
	return declare(setup, func(s *Setup) splitter[T, U] {
		p := splitter[T, U]{open(s), s.guard}
		if p.fn == nil {
			s.fail(errNilProcess)
		}
		if len(reg.Descriptors()) > 0 {
			s.fail(errors.New("it has states or timers, which belong to keys: use stream.Process behind a KeyBy"))
		}
		return p
	})
}
