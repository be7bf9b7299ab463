package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Keyed is a stream whose records are together by key: all records of a key pass through the same task, in order for each
// task that sent them. It is a Stream too, and whatever Map or Filter make of it is a plain Stream again. Results of Reduce,
// Sum, Count and Process stay keyed by the same key, so that the next of these needs no exchange.
type Keyed[K, T any] struct {
	out   *flow[T]
	codec state.Codec[K]
}

func (k *Keyed[K, T]) flow() *flow[T] { return k.out }

// held is what consumes the stream within its stage, as an output of an operator with this guard.
func (k *Keyed[K, T]) held(b *builder, g *operators.Guard) operators.Push[T] {
	return operators.Held(g, k.out.build(b))
}

// KeyBy brings records of the same key together. key must be a function of the record alone.
func KeyBy[T any](s Stream[T], key func(v T) string, opts ...Option) *Keyed[string, T] {
	return KeyByCodec(s, key, state.String{}, opts...)
}

// KeyByCodec is KeyBy for keys of any type. Keys are the same if the codec's bytes are: they decide on the key group, by
// the same murmur2 as Kafka's own partitioner, and state is kept under them.
func KeyByCodec[K, T any](s Stream[T], key func(v T) K, codec state.Codec[K], opts ...Option) *Keyed[K, T] {
	in, n := after(s, "keyby", opts)
	n.need(key != nil, nilFunction)
	n.need(codec != nil, nilCodec)
	if codec != nil {
		n.keyCodec = codec.Name()
	}
	n.need(!isRecord[T](), borrowedRecord)

	x := &operators.Exchange[K, T]{UID: n.label(), Key: key, Codec: codec, Values: throughOf[T](n)}
	n.portable = x.Values != nil
	out := &Keyed[K, T]{out: &flow[T]{node: n}, codec: codec}
	n.exchange, n.raw = &x.Number, &x.Raw
	in.feeds(func(b *builder) operators.Push[T] { return operators.Guarded(n.guard(b), x.Send(b.task)) })
	n.receive = func(b *builder) operators.Receiver {
		return x.Receive(b.task, func() operators.Push[T] { return out.out.build(b) })
	}
	return out
}

// afterKeyed adds an operator that keeps state per key, and its output.
func afterKeyed[K, T, U any](s *Keyed[K, T], kind string, opts []Option) (*flow[T], *node, *Keyed[K, U]) {
	in, n := after(s, kind, opts)
	n.stateful = true
	return in, n, &Keyed[K, U]{out: &flow[U]{node: n}, codec: s.codec}
}
