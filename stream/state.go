package stream

import (
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Setup is where an operator declares its states, see Process.
type Setup struct {
	node  *node
	store *state.Store
	key   state.HandleOption // records the codec of keys
	build *builder           // nil when open is called for the plan
	guard *operators.Guard   // of the operator's policy
	sides []string           // tags of side outputs
	ttls  map[string]TTL     // by state, for Describe
	err   error

	onTimer any // what OnTimer was given, and its timers
	timers  *state.Timers
}

// handle keeps the first error for whoever called open: until it is looked at, a handle may be nil.
func handle[H any](s *Setup, h H, err error) H {
	if err != nil && s.err == nil {
		s.err = err
	}
	return h
}

// ValueState declares a state with one value per key. Its name is unique within the operator and, like its codec, part
// of what a checkpoint holds. With a TTL, which the other kinds can have as well, values expire.
func ValueState[T any](s *Setup, name string, codec state.Codec[T], ttl ...TTL) *state.Value[T] {
	h, err := state.NewValue(s.store, s.node.uid, name, codec, s.options(name, ttl)...)
	return handle(s, h, err)
}

// ListState declares a state with a list per key. With a TTL each element expires by itself.
func ListState[T any](s *Setup, name string, codec state.Codec[T], ttl ...TTL) *state.List[T] {
	h, err := state.NewList(s.store, s.node.uid, name, codec, s.options(name, ttl)...)
	return handle(s, h, err)
}

// MapState declares a state with a map per key.
func MapState[MK, MV any](s *Setup, name string, key state.Codec[MK], value state.Codec[MV], ttl ...TTL) *state.Map[MK, MV] {
	h, err := state.NewMap(s.store, s.node.uid, name, key, value, s.options(name, ttl)...)
	return handle(s, h, err)
}

// ReducingState declares a state with one value per key, the reduction of all that was added.
func ReducingState[T any](s *Setup, name string, codec state.Codec[T], reduce func(acc, v T) T, ttl ...TTL) *state.Reducing[T] {
	h, err := state.NewReducing(s.store, s.node.uid, name, codec, reduce, s.options(name, ttl)...)
	return handle(s, h, err)
}

// AggregatingState declares a state with one accumulator per key, into which agg folds all that was added. agg's codec is that of the
// accumulator; its Merge is not used.
func AggregatingState[T, A, R any](s *Setup, name string, agg Aggregator[T, A, R], ttl ...TTL) *state.Aggregating[T, A, R] {
	if agg.Codec == nil || agg.New == nil || agg.Add == nil || agg.Result == nil {
		s.fail(fmt.Errorf("state %q: its aggregator lacks Codec, New, Add or Result", name))
		return nil
	}
	fold := state.Aggregation[T, A, R]{New: agg.New, Add: agg.Add, Result: agg.Result}
	h, err := state.NewAggregating(s.store, s.node.uid, name, agg.Codec, fold, s.options(name, ttl)...)
	return handle(s, h, err)
}

// keep lets n declare its states by open, which is called once to learn of them and then for every task. instantiate makes
// the operator of what open returned, with outputs that g holds.
func keep[K, T, F any](n *node, codec state.Codec[K], in *flow[T], open func(*Setup) F,
	instantiate func(b *builder, g *operators.Guard, f F) operators.Push[T]) {
	planned(n, codec, open)
	in.feeds(func(b *builder) operators.Push[T] {
		s := newSetup(n, codec, b.task.Env().State, b)
		f, err := declare(s, open)
		if err != nil {
			b.fail(err)
			return nil
		}
		return operators.Guarded(s.guard, instantiate(b, s.guard, f))
	})
}

// planned lets n declare its states for the plan.
func planned[K, F any](n *node, codec state.Codec[K], open func(*Setup) F) {
	n.states = func(reg *state.Registry) error {
		_, err := n.inspect(reg)
		return err
	}
	n.inspect = func(reg *state.Registry) (*Setup, error) {
		// Nobody reads or writes here: handles register when they are made, and that is all.
		s := newSetup(n, codec, state.NewStore(nil, reg, state.Options{}), nil)
		_, err := declare(s, open)
		return s, err
	}
}

// keepBoth is keep for an operator with two inputs, one of which need not be keyed, nor guarded: that is left to instantiate.
func keepBoth[K, L, R, F any](n *node, codec state.Codec[K], left *flow[L], right *flow[R], open func(*Setup) F,
	instantiate func(b *builder, g *operators.Guard, f F) (operators.Push[L], operators.Push[R])) {
	planned(n, codec, open)
	build := func(b *builder) ends[L, R] {
		return once(b, n, func() (e ends[L, R]) {
			s := newSetup(n, codec, b.task.Env().State, b)
			f, err := declare(s, open)
			if err != nil {
				b.fail(err)
				return e
			}
			e.left, e.right = instantiate(b, s.guard, f)
			return e
		})
	}
	left.feeds(func(b *builder) operators.Push[L] { return build(b).left })
	right.feeds(func(b *builder) operators.Push[R] { return build(b).right })
}

// ends are the inputs of an operator that has two.
type ends[L, R any] struct {
	left  operators.Push[L]
	right operators.Push[R]
}

// declare calls open. A panic there is a mistake of the job like any other.
func declare[F any](s *Setup, open func(*Setup) F) (f F, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = s.node.wrap(fmt.Errorf("panic: %v", p)) // no record is at work whose data it could show
		}
	}()
	if s.build != nil {
		s.guard = s.node.guard(s.build)
	}
	f = open(s)
	s.checkSides()
	if s.err != nil {
		err = s.node.wrap(s.err)
	}
	return f, err
}

// newSetup is what open gets in a task, or for the plan if b is nil.
func newSetup[K any](n *node, codec state.Codec[K], store *state.Store, b *builder) *Setup {
	return &Setup{node: n, store: store, key: state.WithKeyCodec(codec.Name()), build: b}
}

func (n *node) wrap(err error) error { return fmt.Errorf("operator %q: %w", n.label(), err) }
