package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Aggregator folds records into an accumulator, one by one, and makes a result of it. Add may change the accumulator it gets and return it;
// Result must leave it alone.
type Aggregator[T, A, R any] struct {
	Codec  state.Codec[A]
	New    func() A
	Add    func(acc A, v T) A
	Result func(acc A) R
	// Merge makes one accumulator of two; it is needed for session windows only.
	Merge func(a, b A) A
}

func (a *Aggregator[T, A, R]) check(n *node) {
	n.need(a.Codec != nil, nilCodec)
	n.need(a.New != nil && a.Add != nil && a.Result != nil, "its aggregator lacks New, Add or Result")
}

// fold is the aggregator as operators want it.
func (a *Aggregator[T, A, R]) fold() operators.Fold[T, A, R] {
	return operators.Fold[T, A, R]{
		First: func(v T) A { return a.Add(a.New(), v) },
		Add:   a.Add, Merge: a.Merge, Result: a.Result,
	}
}

// Aggregate folds all records of a key into one accumulator, kept in the state "aggregate", and emits the result after every
// record with its key.
func Aggregate[K, T, A, R any](s *Keyed[K, T], agg Aggregator[T, A, R], opts ...Option) *Keyed[K, KV[K, R]] {
	in, n, out := afterKeyed[K, T, KV[K, R]](s, "aggregate", opts)
	agg.check(n)
	open := func(s *Setup) *state.Value[A] { return foldedState(s, "aggregate", agg.Codec) }
	keep(n, s.codec, in, open, func(b *builder, g *operators.Guard, acc *state.Value[A]) operators.Push[T] {
		return operators.Aggregate[K](b.task, n.label(), acc, agg.fold(), out.held(b, g))
	})
	return out
}

// Min keeps the least of(record) per key, in the state "min", and emits it after every record with its key.
func Min[K, T any, N Number](s *Keyed[K, T], of func(v T) N, opts ...Option) *Keyed[K, KV[K, N]] {
	return extreme(s, "min", of, func(a, b N) N { return min(a, b) }, opts)
}

// Max keeps the largest of(record) per key, in the state "max", and emits it after every record with its key.
func Max[K, T any, N Number](s *Keyed[K, T], of func(v T) N, opts ...Option) *Keyed[K, KV[K, N]] {
	return extreme(s, "max", of, func(a, b N) N { return max(a, b) }, opts)
}

// extreme keeps a number per key in the state called kind.
func extreme[K, T any, N Number](s *Keyed[K, T], kind string, of func(v T) N, pick func(a, b N) N, opts []Option) *Keyed[K, KV[K, N]] {
	in, n, out := afterKeyed[K, T, KV[K, N]](s, kind, opts)
	n.need(of != nil, nilFunction)
	fold := operators.Fold[T, N, N]{
		First: of, Add: func(acc N, v T) N { return pick(acc, of(v)) }, Result: func(acc N) N { return acc },
	}
	open := func(s *Setup) *state.Value[N] { return ValueState(s, kind, numberCodec[N]()) }
	keep(n, s.codec, in, open, func(b *builder, g *operators.Guard, acc *state.Value[N]) operators.Push[T] {
		return operators.Aggregate[K](b.task, n.label(), acc, fold, out.held(b, g))
	})
	return out
}
