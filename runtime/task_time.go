package runtime

import (
	"time"

	"github.com/weirstream/weir/operators"
)

const (
	// markEvery bounds how often a busy source task sends its watermark on: batches are cut short in front of it.
	markEvery = 20 * time.Millisecond
	// longestSleep bounds how late a timer can be after the machine's clock was set forward.
	longestSleep = 10 * time.Second
)

// taskTime is the event time of a task: of its partition, or of all its inputs together.
type taskTime struct {
	mark mark      // as far as it has come; wm 0: it has not begun
	sent mark      // what the task has told others
	told mark      // what is written to repartition topics
	at   time.Time // when
	// unsaid: it is that of a savepoint, and those behind a repartition topic have not heard of it.
	unsaid bool
}

// restored is where event time goes on; 0: nowhere.
func (t *taskTime) restored() int64 { return t.mark.wm }

// begun is where it goes on, or NoWatermark.
func (t *taskTime) begun() int64 {
	if t.mark.wm == 0 {
		return operators.NoWatermark
	}
	return t.mark.wm
}

// resume takes up the event time of the checkpoint, before any record. Timers that it makes due fire as part of the first epoch.
func (t *task) resume() error {
	t.time.mark.wm = t.time.begun()
	if t.stage.Source != nil {
		t.restoreSource()
	}
	t.time.sent = t.time.mark
	if t.time.mark != (mark{wm: operators.NoWatermark}) {
		if err := t.advance(t.time.mark); err != nil {
			return err
		}
	}
	if t.time.unsaid {
		t.announce()
	}
	return t.tick()
}

// restoreSource makes of what the checkpoint says what holds for this version of the job.
func (t *task) restoreSource() {
	m := &t.time.mark
	switch {
	case t.chain.Progress == nil: // it had watermarks in an earlier one
		*m = mark{wm: operators.NoWatermark}
	case m.wm != operators.EndOfTime: // or partitions could be idle
		_, m.idle = t.chain.Progress()
	}
	t.attempt.pace.note(t.partition, *m)
}

// hear takes a mark that has come through the queue. A source task is told so of the end of its partition, which matters if it has event time.
func (t *task) hear(m mark) error {
	if t.stage.Source != nil {
		if t.chain.Progress == nil {
			return nil
		}
		t.attempt.pace.note(t.partition, m)
	}
	return t.advance(m)
}

// advance takes a watermark through the chain and sends it on, behind what its timers have made.
func (t *task) advance(m mark) error {
	t.time.mark = m
	if t.shard != nil {
		if err := t.chain.Watermark(m.wm); err != nil {
			return err
		}
		if err := t.bound(); err != nil {
			return err
		}
	}
	return t.tell()
}

// tell sends event time on, as far as it has come behind the chain.
func (t *task) tell() error {
	m := t.behind()
	t.time.sent = m
	if len(t.stage.Sends) == 0 && !t.pausing() {
		return nil
	}
	if err := t.chain.Flush(); err != nil {
		return err
	}
	t.attempt.broadcast(t, message{mark: &m})
	return nil
}

// behind is the event time behind the chain.
func (t *task) behind() mark {
	m := t.time.mark
	if t.chain.Behind != nil {
		m.wm, m.idle = t.chain.Behind(m.wm, m.idle)
	}
	return m
}

// progress sends the watermark of a source task on, if it has come further: at once if nothing else waits, since that could be all for
// a long time, else from time to time.
func (t *task) progress() error {
	if t.chain.Progress == nil || t.time.mark.wm == operators.EndOfTime {
		return nil
	}
	t.time.mark.wm, t.time.mark.idle = t.chain.Progress()
	t.attempt.pace.note(t.partition, t.time.mark)
	m := t.behind()
	if m == t.time.sent || time.Since(t.time.at) < markEvery && !t.inbox.idle() {
		return nil
	}
	if m.idle != t.time.sent.idle {
		t.announce()
	}
	t.time.at = time.Now()
	return t.tell()
}

// catchUp sends on what progress has put off because something else waited: that may have been a barrier, with no record behind it for a long
// time. A barrier follows on every record.
func (t *task) catchUp() error {
	if t.stage.Source == nil || t.chain.Progress == nil || t.behind() == t.time.sent {
		return nil
	}
	t.time.at = time.Now()
	return t.tell()
}

// due says whether tick has something to do at the time now, in ms.
func (t *task) due(now int64) bool {
	at, ok := t.chain.NextTick()
	return ok && at <= now && !t.resting()
}

// tick does what is due by the machine's clock.
func (t *task) tick() error {
	now := time.Now().UnixMilli()
	if !t.due(now) {
		return nil
	}
	if err := t.chain.Tick(now); err != nil {
		return err
	}
	if t.stage.Source != nil {
		err := t.progress()
		if err != nil || t.chain.Drain == nil {
			return err
		}
	}
	return t.settle()
}

// deadline is when tick has to be called again; zero: there is no need.
func (t *task) deadline() time.Time {
	at, ok := t.chain.NextTick()
	switch {
	case !ok || t.over:
		return time.Time{}
	case t.resting():
		return time.Now().Add(requestEvery) // it may be over by then
	}
	// The clock may be set while we sleep, which the deadline would not notice.
	return time.Now().Add(min(time.Until(time.UnixMilli(at)), longestSleep))
}

// fires hears from the chain that a timer is about to fire: there is something to commit, with or without records.
func (t *task) fires() { t.attempt.worked(t.epoch) }
