package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// KV is a key and what belongs to it.
type KV[K, V any] = operators.KV[K, V]

// Number is what can be summed up.
type Number = operators.Number

// Reduce combines all records of a key into one value, kept in the state "reduce": the first record as it is, then
// fn of what is kept and the next record. It emits every new value.
func Reduce[K, T any](s *Keyed[K, T], codec state.Codec[T], fn func(acc, v T) T, opts ...Option) *Keyed[K, T] {
	in, n, out := afterKeyed[K, T, T](s, "reduce", opts)
	n.need(codec != nil, nilCodec)
	n.need(fn != nil, nilFunction)
	open := func(s *Setup) *state.Value[T] { return foldedState(s, "reduce", codec) }
	keep(n, s.codec, in, open, func(b *builder, g *operators.Guard, acc *state.Value[T]) operators.Push[T] {
		return operators.Reduce(b.task, n.label(), acc, fn, out.held(b, g))
	})
	return out
}

// Sum adds up of(record) per key, in the state "sum", and emits every new sum with its key. Sums of int64 wrap around as
// Go's addition does.
func Sum[K, T any, N Number](s *Keyed[K, T], of func(v T) N, opts ...Option) *Keyed[K, KV[K, N]] {
	return sum(s, "sum", of, opts)
}

// Count counts the records per key, in the state "count", and emits every new count with its key.
func Count[K, T any](s *Keyed[K, T], opts ...Option) *Keyed[K, KV[K, int64]] {
	return sum(s, "count", func(T) int64 { return 1 }, opts)
}

// sum keeps a number per key in the state called kind.
func sum[K, T any, N Number](s *Keyed[K, T], kind string, of func(v T) N, opts []Option) *Keyed[K, KV[K, N]] {
	in, n, out := afterKeyed[K, T, KV[K, N]](s, kind, opts)
	n.need(of != nil, nilFunction)
	open := func(s *Setup) *state.Value[N] { return ValueState(s, kind, numberCodec[N]()) }
	keep(n, s.codec, in, open, func(b *builder, g *operators.Guard, total *state.Value[N]) operators.Push[T] {
		return operators.Sum[K](b.task, n.label(), total, of, out.held(b, g))
	})
	return out
}

// foldedState declares a value that functions of the operator change in place, if they like: with a policy a copy of it, so that one that fails has
// changed nothing.
func foldedState[T any](s *Setup, name string, codec state.Codec[T]) *state.Value[T] {
	v := ValueState(s, name, codec)
	if v != nil && s.guard != nil {
		v.LendCopies()
	}
	return v
}

func numberCodec[N Number]() state.Codec[N] {
	if codec, ok := any(state.Int64{}).(state.Codec[N]); ok {
		return codec
	}
	return any(state.Float64{}).(state.Codec[N])
}
