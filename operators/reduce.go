package operators

import (
	"github.com/weirstream/weir/state"
)

// KV is a key and what belongs to it.
type KV[K, V any] struct {
	Key   K
	Value V
}

// Reduce keeps one value per key: the first record's, then fn of what is kept and the next record. It pushes every
// new value.
func Reduce[T any](t *Task, uid string, acc *state.Value[T], fn func(acc, v T) T, next Push[T]) Push[T] {
	op := t.operator(uid)
	return func(v T) error {
		t.op = op
		old, ok, err := acc.Get()
		if err != nil {
			return t.fail(op, err)
		}
		if ok {
			v = fn(old, v)
		}
		if err := acc.Set(v); err != nil {
			return t.fail(op, err)
		}
		return next(v)
	}
}

// Number is what can be summed up.
type Number interface{ int64 | float64 }

// Sum keeps the sum of of(record) per key and pushes every new sum with its key. A sum of int64 wraps around as Go's
// addition does.
func Sum[K, T any, N Number](t *Task, uid string, sum *state.Value[N], of func(T) N, next Push[KV[K, N]]) Push[T] {
	op := t.operator(uid)
	key := t.key.(*K)
	return func(v T) error {
		t.op = op
		n, _, err := sum.Get()
		if err == nil {
			n += of(v)
			err = sum.Set(n)
		}
		if err != nil {
			return t.fail(op, err)
		}
		return next(KV[K, N]{*key, n})
	}
}

// Aggregate keeps an accumulator per key and pushes the result of it after every record, with its key.
func Aggregate[K, T, A, R any](t *Task, uid string, acc *state.Value[A], fold Fold[T, A, R], next Push[KV[K, R]]) Push[T] {
	op := t.operator(uid)
	key := t.key.(*K)
	return func(v T) error {
		t.op = op
		a, ok, err := acc.Get()
		if err != nil {
			return t.fail(op, err)
		}
		if ok {
			a = fold.Add(a, v)
		} else {
			a = fold.First(v)
		}
		r := fold.Result(a)
		if err := acc.Set(a); err != nil {
			return t.fail(op, err)
		}
		return next(KV[K, R]{*key, r})
	}
}
