package runtime

import (
	"maps"
	"slices"

	"github.com/weirstream/weir/operators"
)

// ending says that a barrier is the last, and why. Before it passes a task, all of the task's timers fire: so either all of that is committed, or nothing.
type ending uint8

const (
	goesOn     ending = iota // it is not the last
	endOfInput               // every source is bounded and has come to its end, and with it event time
	endOfDrain               // the job stops with a drained savepoint; event time stays where it is, for who goes on
)

// ended is the mark of a partition that nothing will come from any more.
var ended = mark{wm: operators.EndOfTime}

// drain ends every partition where it stands, as if it were bounded. After a failure the next attempt does the same.
func (r *reader) drain() {
	r.drained = true
	if r.attempt != nil {
		r.bounds = newBounds(r.next, maps.Clone(r.next))
	}
}

// ending is that of the next barrier.
func (r *reader) ending() ending {
	switch {
	case !r.bounds.finished:
		return goesOn
	case r.drained:
		return endOfDrain
	}
	return endOfInput
}

// finish fires all timers before the last barrier. Behind it the task rests.
func (t *task) finish(e ending) error {
	if e == goesOn || t.over {
		return nil
	}
	t.over = true
	if err := t.end(); err != nil {
		return err
	}
	if e == endOfInput && t.timed() {
		t.time.mark, t.time.sent = ended, ended
	}
	return nil
}

// timed says whether the task has event time.
func (t *task) timed() bool {
	if t.stage.Source != nil {
		return t.chain.Progress != nil
	}
	return slices.Contains(t.inbox.valve.timeless, false)
}

// end fires all timers, and waits for the calls that this leads to.
func (t *task) end() error {
	if t.chain.End == nil {
		return nil
	}
	if err := t.chain.End(); err != nil {
		return err
	}
	return t.drain()
}
