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

// wholeInput is the drain of a job whose sources are bounded: it is over when all have come to their ends.
const wholeInput = "input"

// spread lets source partitions, which are held by now, come to their ends for a drain over all instances: one that is asked for, or, of a bounded job, that of
// those that have nothing more to be read.
func (r *reader) spread(a *attempt) {
	in := a.in
	asked, bounded := in.suspended.drain(), !in.single() && in.bounded()
	if asked == "" && len(r.told) == 0 && !bounded {
		return
	}
	for _, p := range in.sourcesOf(r.next) {
		drain := asked
		if drain == "" && bounded && slices.Contains(r.bounds.reached, p) {
			drain = wholeInput
		}
		if drain == r.told[p] {
			continue
		}
		if r.told[p] = drain; drain == "" {
			delete(r.told, p)
		} else {
			a.toReader(p, message{drain: drain})
		}
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
	if err := t.drain(); err != nil || t.chain.End == nil {
		return err
	}
	if err := t.chain.End(); err != nil {
		return err
	}
	return t.drain()
}

// endFor is the end for a drain over all instances: that of a source partition, or of a keyed task that has heard it of all its senders. Those behind
// repartition topics hear of it behind all that was sent before; what has fired, who was told and whom it was heard of is committed together.
func (t *task) endFor(drain string) error {
	if err := t.end(); err != nil {
		return err
	}
	if err := t.chain.Flush(); err != nil {
		return err
	}
	t.drained = drain
	t.attempt.worked(t.epoch)
	if err := t.tellAll(operators.End{Sender: t.sender(), Drain: drain}.Append(nil)); err != nil {
		return err
	}
	t.attempt.in.post(barrierDue) // others wait for the commit
	return nil
}

// resting: timers do not fire behind the end, as long as it is one.
func (t *task) resting() bool {
	in := t.attempt.in
	return t.over || t.drained != "" && (in.suspended.drain() == t.drained || t.drained == wholeInput && in.bounded())
}
