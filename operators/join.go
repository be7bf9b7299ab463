package operators

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/weirstream/weir/state"
)

// Joiner makes what a join emits: of pairs and, in left and outer joins, of what has no partner.
type Joiner[L, R, U any] struct {
	Both  func(l L, r R) U
	Left  func(l L) U // nil: a left record without a partner comes to nothing
	Right func(r R) U // the same for a right one
}

// row is what the two sides have; in a table, for the key at work.
type row[L, R any] struct {
	l           L
	r           R
	left, right bool
}

// of is what comes of a row, which the join has.
func (j *Joiner[L, R, U]) of(w row[L, R]) U {
	switch {
	case !w.right:
		return j.Left(w.l)
	case !w.left:
		return j.Right(w.r)
	}
	return j.Both(w.l, w.r)
}

// bufferedAt is what one side of a join has for a key, by time in ms.
type bufferedAt[T any] = state.Map[int64, []T]

// hold adds v at ts.
func hold[T any](buffer *bufferedAt[T], ts int64, v T) error {
	at, _, err := buffer.Get(ts)
	if err != nil {
		return err
	}
	return buffer.Put(ts, append(at, v))
}

// timedValue is a buffered record with its time.
type timedValue[T any] struct {
	ts int64
	v  T
}

// partners appends to dst what is there from <= ts < to, by time and then by arrival.
func partners[T any](dst []timedValue[T], buffer *bufferedAt[T], from, to int64) ([]timedValue[T], error) {
	err := buffer.Between(from, to, func(ts int64, at []T) bool {
		for _, v := range at {
			dst = append(dst, timedValue[T]{ts, v})
		}
		return true
	})
	return dst, err
}

// release removes what is there from <= ts < to.
func release[T any](buffer *bufferedAt[T], from, to int64) error {
	var times []int64
	err := buffer.Between(from, to, func(ts int64, _ []T) bool {
		times = append(times, ts)
		return true
	})
	for _, ts := range times {
		if err == nil {
			err = buffer.Delete(ts)
		}
	}
	return err
}

// HeldCodec keeps records of one time: for each its length (uvarint) and the record.
type HeldCodec[T any] struct{ Of state.Codec[T] }

// Name tells what records are kept as.
func (c HeldCodec[T]) Name() string { return "held:" + c.Of.Name() }

// Append appends all records.
func (c HeldCodec[T]) Append(dst []byte, all []T) ([]byte, error) {
	for _, v := range all {
		b, err := c.Of.Append(nil, v)
		if err != nil {
			return dst, err
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(b))), b...)
	}
	return dst, nil
}

// Decode reads them.
func (c HeldCodec[T]) Decode(b []byte) (all []T, err error) {
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		b = b[max(used, 0):]
		if used <= 0 || n > uint64(len(b)) {
			return nil, errors.New("a buffered record is cut short")
		}
		v, err := c.Of.Decode(b[:n])
		if err != nil {
			return nil, fmt.Errorf("buffered record: %w", err)
		}
		all, b = append(all, v), b[n:]
	}
	return all, nil
}

// within is a time that windows and their lateness can be added to without an overflow. Those of source records are (WithEventTime); a record that a timer
// has made has the timer's, which may be the end of all times.
func within(ts int64) int64 { return min(max(ts, -1<<62), 1<<62) }

// plus adds times. A result beyond the ends of all times is an end.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case b > 0 && sum < a:
		return math.MaxInt64
	case b < 0 && sum > a:
		return math.MinInt64
	default:
		return sum
	}
}
