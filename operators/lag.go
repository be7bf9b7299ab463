package operators

import "math"

// lag is event time that has come while not all of its timers have fired. Many may be due at once, as at the end of a window; records and
// barriers do not wait for all of them:
//
//   - Timers fire in bursts, operator after operator: those of one are done before the next one's begin, to whom event time has not come
//     yet meanwhile. What they emit is not late there.
//   - Before a record is taken, all of its own key's fire. For a key it is thus as if event time had come in one step, between two records.
//   - Event time that comes meanwhile waits. Nobody behind the chain hears of any before all timers have fired.
//
// The end of time is the exception: all fire, since nothing comes behind it.
//
// A barrier in between leaves the rest of the timers in the state, and the watermark that has come in the checkpoint: after a recovery they
// are due again, before any record of their keys.
type lag struct {
	on     bool
	before int64 // where event time was
	until  int64 // where it is to come to
	next   int64 // what has come meanwhile
	phase  int   // alarms before this one, in the order of the chain, have fired all
}

// catcher is an alarm as lag sees it.
type catcher interface {
	level(wm int64)
	due(wm int64, limit int) int
	fireNext(wm int64) (more bool, err error)
	fireKey(wm int64) error // all that are due of the current key
	caughtUp()
	end() error // see Task.end
}

// alarm is the i-th in the order of the chain; they register from its end.
func (t *Task) alarm(i int) catcher { return t.alarms[len(t.alarms)-1-i] }

// levels lets event time come to the alarms up to the i-th, and not yet to the ones behind it.
func (t *Task) levels(i int) {
	for j := range t.alarms {
		if j <= i {
			t.alarm(j).level(t.lag.until)
		} else {
			t.alarm(j).level(t.lag.before)
		}
	}
}

// watermark goes down the chain. Each operator's timers fire before the next one hears of the watermark, so what they emit is
// not late there.
func (t *Task) watermark(wm int64) (err error) {
	defer t.rescue(&err)
	t.op, t.atWork = 0, false
	if !t.lag.on {
		return t.reach(wm)
	}
	t.lag.next = max(t.lag.next, wm)
	if wm == EndOfTime { // nothing comes behind it that could be in a hurry, and the barrier that follows is the last
		return t.fireAll()
	}
	return nil
}

func (t *Task) reach(wm int64) error {
	if wm <= t.wm {
		return nil
	}
	due := 0
	for _, a := range t.alarms {
		due += a.due(wm, t.burst+1)
	}
	t.lag = lag{on: true, before: t.wm, until: wm, next: math.MinInt64}
	switch {
	case wm == EndOfTime:
		return t.fireAll()
	case due > t.burst:
		t.released()
		return nil
	}
	return t.fireDue(t.newBurst())
}

// fireAll fires all that are due.
func (t *Task) fireAll() error {
	if t.lag.until != EndOfTime && t.lag.next != EndOfTime {
		return t.fireDue(&burst{left: math.MaxInt})
	}
	limit := endless
	for _, a := range t.alarms {
		limit += a.due(EndOfTime, math.MaxInt)
	}
	if err := t.fireDue(&burst{left: limit}); err != nil || !t.lag.on {
		return err
	}
	return t.fail(t.op, errEndless)
}

// fireDue fires timers until the burst is over.
func (t *Task) fireDue(b *burst) error {
	t.wm = t.lag.before
	for ; t.lag.phase < len(t.alarms); t.lag.phase++ {
		t.levels(t.lag.phase)
		for {
			if b.over() {
				t.released()
				return nil
			}
			more, err := t.alarm(t.lag.phase).fireNext(t.lag.until)
			if err != nil {
				return err
			}
			if !more {
				break
			}
			b.left--
		}
	}
	t.released()
	for _, a := range t.alarms {
		a.caughtUp()
	}
	t.level = t.lag.until
	next := t.lag.next
	t.lag = lag{}
	return t.reach(next)
}

// catchUp fires what is due of the current key, before a record of it is taken, which is at work already.
func (t *Task) catchUp() error {
	record := t.place()
	t.wm = t.lag.before
	for i := t.lag.phase; i < len(t.alarms); i++ {
		t.levels(i)
		if err := t.alarm(i).fireKey(t.lag.until); err != nil {
			return err
		}
	}
	t.released()
	t.goTo(record)
	return nil
}

// released is the state of things between bursts: who is at work has caught up.
func (t *Task) released() {
	t.levels(len(t.alarms))
	if t.lag.until != EndOfTime { // nothing expires of it: the clock of states stands still at the end
		t.wm = t.lag.until
	}
}
