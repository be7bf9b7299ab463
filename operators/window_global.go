package operators

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/weirstream/weir/state"
)

// Counted is the state of a global window: how many records it has had since it last emitted, and what they came to.
type Counted[A any] struct {
	N   int64
	Acc A
}

// GlobalWindow aggregates all records of a key, and emits and begins anew after every Count of them.
func GlobalWindow[K, T, A, R any](t *Task, uid string, count int64, fold Fold[T, A, R], acc *state.Value[Counted[A]], next Push[Pane[K, R]]) Push[T] {
	op := t.operator(uid)
	key := t.key.(*K)
	ever := Window{math.MinInt64, math.MaxInt64}
	return func(v T) error {
		t.op = op
		c, ok, err := acc.Get()
		if err != nil {
			return t.fail(op, err)
		}
		if ok {
			c.Acc = fold.Add(c.Acc, v)
		} else {
			c.Acc = fold.First(v)
		}
		c.N++
		if c.N < count {
			return t.failed(op, acc.Set(c))
		}
		r := fold.Result(c.Acc)
		if err := acc.Clear(); err != nil {
			return t.fail(op, err)
		}
		return next(Pane[K, R]{*key, ever, r})
	}
}

// CountedCodec keeps the number of records (uvarint) and the accumulator.
type CountedCodec[A any] struct{ Acc state.Codec[A] }

// Name tells what the accumulator is kept as.
func (c CountedCodec[A]) Name() string { return "counted:" + c.Acc.Name() }

// Append appends both.
func (c CountedCodec[A]) Append(dst []byte, v Counted[A]) ([]byte, error) {
	return c.Acc.Append(binary.AppendUvarint(dst, uint64(v.N)), v.Acc)
}

// Decode reads them.
func (c CountedCodec[A]) Decode(b []byte) (v Counted[A], err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return v, errors.New("the number of records is cut short")
	}
	v.N = int64(n)
	v.Acc, err = c.Acc.Decode(b[used:])
	return v, err
}
