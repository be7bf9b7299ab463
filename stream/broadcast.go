package stream

import (
	"errors"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Broadcasted is a stream whose records all tasks get, for ProcessBroadcast.
type Broadcasted[R any] struct{ out *flow[R] }

// Broadcast hands every record to all tasks behind it. Records of a partition keep their order in each task, but those of two partitions may come in
// another order in another task: what has to be in order, such as versions of the same rule, belongs into one partition.
func Broadcast[R any](s Stream[R], opts ...Option) *Broadcasted[R] {
	in, n := after(s, "broadcast", opts)
	n.need(!isRecord[R](), borrowedRecord)
	x := &operators.BroadcastExchange[R]{UID: n.label(), Values: throughOf[R](n)}
	n.portable = x.Values != nil
	n.exchange, n.keyless, n.raw = &x.Number, 1, &x.Raw
	out := &Broadcasted[R]{&flow[R]{node: n}}
	in.feeds(func(b *builder) operators.Push[R] { return x.Send(b.task) })
	n.receive = func(b *builder) operators.Receiver {
		return x.Receive(b.task, func() operators.Push[R] { return out.out.build(b) })
	}
	return out
}

// BroadcastContext is what a function for broadcast records may ask, and what it changes broadcast state with.
type BroadcastContext = operators.BroadcastContext

// BroadcastFunc is called with every broadcast record, in every task. It changes broadcast state, by the record and that state alone, so that all tasks come to
// the same. There is no key, hence no keyed state, and no main output; it can emit to side outputs, which then get what every task emits.
type BroadcastFunc[R any] func(ctx *BroadcastContext, rule R) error

// BroadcastMap is a broadcast state: Get and Range for all functions, Put and Delete with a BroadcastContext.
type BroadcastMap[K, V any] = operators.BroadcastState[K, V]

const broadcastKind = "processbroadcast"

// ProcessBroadcast is Process with a second, broadcast input, such as rules that change while the job runs:
//
//	func(s *stream.Setup) (stream.ProcessFunc[string, Event, Alert], stream.BroadcastFunc[Rule]) {
//		rules := stream.BroadcastState(s, "rules", state.String{}, state.JSON[Rule]{})
//		return func(ctx *stream.Context[string, Alert], e Event) error { … rules.Range(…) … },
//			func(ctx *stream.BroadcastContext, r Rule) error { return rules.Put(ctx, r.Name, r) }
//	}
//
// A keyed record meets the rules that have come to its task by then; there is no order between the two inputs. Barriers take both into account. In event time only the keyed
// input counts, unless the source of the broadcast has Watermarks itself: then it holds event time back, and wants IdleAfter if rules are rare.
func ProcessBroadcast[K, T, R, U any](s *Keyed[K, T], broadcast *Broadcasted[R], open func(s *Setup) (ProcessFunc[K, T, U], BroadcastFunc[R]),
	opts ...Option) *Keyed[K, U] {
	n := s.out.node.job.add(broadcastKind, opts, s.out.node, broadcast.out.node)
	n.stateful, n.together, n.silent = true, true, true
	n.need(open != nil, nilFunction)
	out := &Keyed[K, U]{out: &flow[U]{node: n}, codec: s.codec}
	type opened struct {
		processor[K, T, U]
		rule BroadcastFunc[R]
	}
	both := func(s *Setup) (o opened) {
		o.processor = openProcess(s, func(s *Setup) (fn ProcessFunc[K, T, U]) {
			fn, o.rule = open(s)
			return fn
		})
		if o.rule == nil {
			s.fail(errNilProcess)
		}
		return o
	}
	keepBoth(n, s.codec, s.out, broadcast.out, both, func(b *builder, g *operators.Guard, o opened) (operators.Push[T], operators.Push[R]) {
		return operators.Guarded(g, o.build(b, g, n, s.codec, out)), operators.ProcessBroadcast(b.task, n.label(), o.rule)
	})
	return out
}

// BroadcastState declares a map that every task has all of. It is kept once in each key group, so an update costs as many entries as there are key groups: it is for
// thousands of small values. Its values are shared: nobody may change what they point to.
func BroadcastState[K, V any](s *Setup, name string, key state.Codec[K], value state.Codec[V]) *BroadcastMap[K, V] {
	if s.node.kind != broadcastKind {
		s.fail(errors.New("BroadcastState is for ProcessBroadcast: nothing else could change it"))
	}
	h, err := state.NewBroadcast(s.store, s.node.uid, name, key, value)
	if err == nil && s.build != nil {
		env := s.build.task.Env()
		err = h.Load(state.GroupRange(env.Task, env.Parallelism, env.MaxParallelism))
	}
	return operators.NewBroadcastState(handle(s, h, err))
}
