package operators

import (
	"math"

	"github.com/weirstream/weir/state"
)

// IntervalJoin is what an interval join needs beside its task: a right record goes with a left one if its timestamp is at least the
// left one's plus Lower and at most that plus Upper, in ms.
type IntervalJoin[K, L, R, U any] struct {
	Lower, Upper int64
	Both         func(l L, r R) U
	Timers       *state.Timers
	Codec        state.Codec[K]
	Left         *state.Map[int64, []L]
	Right        *state.Map[int64, []R]
	LateLeft     *Side[L] // records that are late; nil: they are dropped
	LateRight    *Side[R]
}

type intervalJoin[K, L, R, U any] struct {
	t      *Task
	op     int32
	alarm  *alarm[K]
	timers *state.Timers
	left   intervalSide[L]
	right  intervalSide[R]
	grain  int64
	next   Push[U]
}

// intervalSide is one input. A record of it goes with those of the other one from its timestamp + lower to its timestamp + upper.
type intervalSide[T any] struct {
	lower, upper int64
	name         string // namespace of its timers
	buffer       *bufferedAt[T]
	late         *Side[T]
	found        []timedValue[T] // scratch
}

// intervalGrains is into how many parts an interval is cut for cleaning up: a key has about so many timers at most, and a record is kept for
// such a part too long at most.
const intervalGrains = 16

// JoinIntervals pairs the records of a key whose timestamps are close enough, as soon as both are there. A record is kept until no partner
// can come any more: those that are late by the watermark don't count.
func JoinIntervals[K, L, R, U any](t *Task, uid string, j IntervalJoin[K, L, R, U], next Push[U]) (Push[L], Push[R]) {
	o := &intervalJoin[K, L, R, U]{t: t, op: t.operator(uid), timers: j.Timers, next: next}
	o.left = intervalSide[L]{lower: j.Lower, upper: j.Upper, name: "l", buffer: j.Left, late: j.LateLeft}
	o.right = intervalSide[R]{lower: -j.Upper, upper: -j.Lower, name: "r", buffer: j.Right, late: j.LateRight}
	o.grain = max(1, (j.Upper-j.Lower)/intervalGrains)
	o.alarm = newAlarm(t, o.op, j.Codec, j.Timers)
	o.alarm.fire = o.fire
	left := func(v L) error {
		return pushInterval(o, &o.left, &o.right, v, func(r R) U { return j.Both(v, r) })
	}
	right := func(v R) error {
		return pushInterval(o, &o.right, &o.left, v, func(l L) U { return j.Both(l, v) })
	}
	return left, right
}

// pushInterval takes a record of one side. Its pairs come before the first change of state, see Guard.
func pushInterval[K, L, R, U, T, V any](o *intervalJoin[K, L, R, U], mine *intervalSide[T], other *intervalSide[V], v T, both func(v V) U) (err error) {
	o.t.op = o.op
	ts, stamp := within(o.t.ts), o.t.ts
	if o.alarm.late(ts) {
		return tooLate(o.t, o.op, mine.late, v)
	}
	clear(other.found)
	// All are read before the first is emitted: a backend that is being read must not wait for what comes behind.
	other.found, err = partners(other.found[:0], other.buffer, plus(ts, mine.lower), plus(plus(ts, mine.upper), 1))
	if err != nil {
		return o.t.fail(o.op, err)
	}
	for _, f := range other.found {
		o.t.op, o.t.ts = o.op, max(ts, f.ts)
		if err := o.next(both(f.v)); err != nil {
			return err
		}
	}
	o.t.ts = stamp
	return o.t.failed(o.op, mine.keep(o.timers, o.alarm.wm, o.grain, ts, v))
}

// keep buffers a record if a partner can still come, and sets the timer for its removal.
func (s *intervalSide[T]) keep(timers *state.Timers, wm, grain, ts int64, v T) error {
	last := plus(ts, s.upper)
	if last <= wm {
		return nil
	}
	if err := hold(s.buffer, ts, v); err != nil {
		return err
	}
	if rest := floorMod(last, grain); rest > 0 {
		last = plus(last, grain-rest)
	}
	return timers.Set(state.EventTime, last, []byte(s.name))
}

// fire removes what can't find a partner any more.
func (o *intervalJoin[K, L, R, U]) fire(due state.Due) error {
	if string(due.Namespace) == o.left.name {
		return o.t.failed(o.op, o.left.clean(due.At))
	}
	return o.t.failed(o.op, o.right.clean(due.At))
}

// clean removes records whose last possible partner has a timestamp of up to at.
func (s *intervalSide[T]) clean(at int64) error {
	return release(s.buffer, math.MinInt64, plus(plus(at, -s.upper), 1))
}
