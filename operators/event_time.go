package operators

import (
	"fmt"
	"math"
	"time"
)

// EventTime says how the event time of a source partition goes on.
type EventTime[T any] struct {
	// Of is a record's time in ms since the epoch; nil: its timestamp.
	Of func(v T) int64
	// Watermarks: the partition has watermarks, which lag behind its latest time so far by Bound: records may be out of order by
	// that much without being late.
	Watermarks bool
	Bound      time.Duration
	// Idle is how long a partition may be without records until the others go on without it; 0: for ever.
	Idle time.Duration
}

// eventClock is the event time of one source partition.
type eventClock struct {
	now   func() time.Time
	bound int64
	after int64 // ms without records until it is idle; 0: never
	wm    int64

	latest int64
	seen   bool  // a record, since progress was last asked for
	active int64 // when one was last seen
	idle   bool
	held   func() time.Time
}

// Event times are from earliest up to, but without, latest: those of the years 1 to 9999. What is beyond was most likely never meant as milliseconds, and a
// watermark that it took along would make all that comes behind it late.
const earliest, latest = -62_135_596_800_000, 253_402_300_800_000

// WithEventTime gives records their event time and follows it. It stands right behind the source. One that has none fails.
func WithEventTime[T any](t *Task, uid string, e EventTime[T], next Push[T]) Push[T] {
	op := t.operator(uid)
	clock := newEventClock(t, e.Bound, e.Idle)
	if e.Watermarks {
		t.event = clock
		t.timed = append(t.timed, clock)
	}
	return func(v T) error {
		if e.Of != nil {
			t.op = op
			t.ts = e.Of(v)
		}
		if t.ts < earliest || t.ts >= latest {
			return t.fail(op, fmt.Errorf("its event time is %d: want milliseconds since 1970, of a time in the years 1 to 9999", t.ts))
		}
		clock.latest, clock.seen = max(clock.latest, t.ts), true
		return next(v)
	}
}

func newEventClock(t *Task, bound, idle time.Duration) *eventClock {
	env := t.env
	c := &eventClock{now: env.Now, bound: bound.Milliseconds(), after: idle.Milliseconds(), wm: t.begun(), latest: NoWatermark, held: env.HeldBack}
	c.active = c.now().UnixMilli()
	c.idle = env.Idle && c.after > 0
	return c
}

// progress is the watermark behind all records so far: a later one with the latest time so far, less the bound, is not late.
func (c *eventClock) progress() (wm int64, idle bool) {
	if c.seen {
		c.seen, c.idle, c.active = false, false, c.now().UnixMilli()
		if c.latest > math.MinInt64+c.bound {
			c.wm = max(c.wm, notZero(c.latest-c.bound-1))
		}
	}
	return c.wm, c.idle
}

// notZero is the watermark, or the one before: in checkpoints and in offsets' metadata 0 says that event time has not begun.
func notZero(wm int64) int64 {
	if wm == 0 {
		return -1
	}
	return wm
}

// tick notices that the partition has been without records for long.
func (c *eventClock) tick(now int64) error {
	if at, ok := c.nextTick(); ok && now >= at && !c.seen {
		c.idle = true
	}
	return nil
}

func (c *eventClock) nextTick() (at int64, ok bool) {
	if c.after == 0 || c.idle {
		return 0, false
	}
	if c.held != nil {
		c.active = max(c.active, c.held().UnixMilli())
	}
	return c.active + c.after, true
}
