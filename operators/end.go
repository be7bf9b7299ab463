package operators

import (
	"errors"
	"math"
	"time"

	"github.com/weirstream/weir/state"
)

// endless bounds how many timers of event time one operator of a task may fire at the end beyond those that it had: far more than any row of timers that has an end.
const endless = 1_000_000

var errEndless = errors.New("event time has come to its end, and still its timers set further ones, more than a million by now: a function that sets the next of a row of timers has to stop when ctx.Watermark() is math.MaxInt64")

// end fires all timers, as at the end of all input. Operator after operator, so that what one emits is in time for the next:
//
//   - Timers of event time fire as if it came to its end, those that are set meanwhile among them.
//   - Each timer of processing time fires once, in their order, and sees its own time for the time. Those that are set meanwhile stay: a timer that sets itself
//     again has no end.
//   - Timers of event time that these have set fire too.
//
// Then event time is where it was. TTLs stand still: nothing expires by it.
func (t *Task) end() (err error) {
	defer t.rescue(&err)
	t.op, t.atWork = 0, false
	if t.lag.on {
		if err := t.fireAll(); err != nil {
			return err
		}
	}
	before := t.level
	t.lag = lag{on: true, before: before, until: EndOfTime}
	t.ending = true
	for i := range t.alarms {
		t.levels(i)
		if err := t.alarm(i).end(); err != nil {
			return err
		}
	}
	t.lag, t.ending = lag{}, false
	for _, a := range t.alarms {
		a.level(before)
	}
	return nil
}

// now is the processing time. While all timers fire it is that of the timer at work, if that has not come yet.
func (t *Task) now() time.Time {
	now := t.env.Now()
	if t.ending && t.ahead > now.UnixMilli() {
		return time.UnixMilli(t.ahead)
	}
	return now
}

func (a *alarm[K]) end() error {
	a.t.ahead = math.MinInt64
	if err := a.endEventTime(); err != nil {
		return err
	}
	a.state.Defer()
	for more := true; more; {
		var err error
		if more, err = a.next(state.ProcessingTime, math.MaxInt64); err != nil {
			return err
		}
	}
	a.state.Resume()
	return a.endEventTime()
}

func (a *alarm[K]) endEventTime() error {
	for left := a.due(EndOfTime, math.MaxInt) + endless; ; left-- {
		switch more, err := a.fireNext(EndOfTime); {
		case err != nil || !more:
			return err
		case left == 0:
			return a.t.fail(a.op, errEndless)
		}
	}
}
