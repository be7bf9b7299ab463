package operators

import (
	"fmt"

	"github.com/weirstream/weir/state"
)

// Timer is a timer that fires.
type Timer struct {
	Domain state.Domain
	// At is the time that it was set to, in ms since the epoch; it may be well in the past.
	At int64
}

// Timers sets and deletes timers for the key of the record, or of the timer, at work. A timer is there once for each domain and time,
// however often it was set.
type Timers struct {
	state    *state.Timers
	timeless error
}

// NewTimers are the timers of an operator, kept in s. timeless, if not nil, says why the operator has no event time.
func NewTimers(s *state.Timers, timeless error) *Timers { return &Timers{s, timeless} }

// Set lets a timer fire once the time has reached at, in ms since the epoch: by the clock, or by watermarks. One in the past fires soon, in event
// time with the next watermark.
func (t *Timers) Set(d state.Domain, at int64) error {
	if d == state.EventTime && t.timeless != nil {
		return fmt.Errorf("a timer of event time would never fire: %w", t.timeless)
	}
	return t.state.Set(d, at, nil)
}

// Delete takes back a timer that has not fired.
func (t *Timers) Delete(d state.Domain, at int64) error { return t.state.Delete(d, at, nil) }

// alarm drives the timers of one operator.
type alarm[K any] struct {
	t     *Task
	op    int32
	key   *K
	codec state.Codec[K]
	state *state.Timers
	wm    int64
	// fire runs for each timer that is due, with its key as the current one.
	fire func(due state.Due) error
}

func newAlarm[K any](t *Task, op int32, codec state.Codec[K], s *state.Timers) *alarm[K] {
	a := &alarm[K]{t: t, op: op, key: t.key.(*K), codec: codec, state: s, wm: NoWatermark}
	t.timed = append(t.timed, a)
	t.alarms = append(t.alarms, a)
	return a
}

func (a *alarm[K]) level(wm int64) { a.wm = wm }

func (a *alarm[K]) due(wm int64, limit int) int { return a.state.Due(state.EventTime, wm, limit) }

func (a *alarm[K]) caughtUp() { a.state.EndTakeOf() }

// fireNext fires the earliest timer of event time; also one that was set meanwhile: a function that sets the next of a row of timers catches
// up with the time.
func (a *alarm[K]) fireNext(wm int64) (more bool, err error) { return a.next(state.EventTime, wm) }

func (a *alarm[K]) fireKey(wm int64) error {
	for {
		due, ok := a.state.TakeOf(wm)
		if !ok {
			return nil
		}
		a.t.fires()
		a.at(due)
		if err := a.fire(due); err != nil {
			return err
		}
	}
}

func (a *alarm[K]) tick(now int64) error {
	for b := a.t.newBurst(); !b.over(); b.left-- {
		if more, err := a.next(state.ProcessingTime, now); err != nil || !more {
			return err
		}
	}
	return nil
}

func (a *alarm[K]) nextTick() (at int64, ok bool) { return a.state.Next(state.ProcessingTime) }

// next fires the earliest timer if it is due.
func (a *alarm[K]) next(d state.Domain, now int64) (more bool, err error) {
	if at, ok := a.state.Next(d); !ok || at > now {
		return false, nil
	}
	a.t.fires()
	due, _ := a.state.Take(d, now)
	if a.at(due); d == state.ProcessingTime {
		a.t.ahead = due.At
	}
	if *a.key, err = a.codec.Decode(due.Key); err != nil {
		return false, a.t.fail(a.op, err)
	}
	err = a.fire(due)
	a.t.due = nil // a record that comes next may have been made by a timer elsewhere
	return true, err
}

// at puts a timer to work.
func (a *alarm[K]) at(due state.Due) {
	a.t.goTo(place{ts: due.At, op: a.op, atWork: true, origin: Origin{Offset: due.At}, due: due.Key})
}

// late says whether the watermark has passed a time.
func (a *alarm[K]) late(ts int64) bool { return ts <= a.wm }
