package operators

import (
	"cmp"
	"fmt"

	"github.com/weirstream/weir/txn"
)

// Push hands one record to an operator. What belongs to the record beside its value (timestamp, key, position) stands
// in the Task, since a record has been through the whole chain when Push returns.
type Push[T any] func(v T) error

// Task is what the operators of one chain share. It is built, with its chain, for one task and belongs to its goroutine.
type Task struct {
	env  *Env
	uids []string

	// Of the record at work:
	ts     int64 // timestamp, ms since the epoch
	op     int32 // whose function is running; what a panic is put down to
	atWork bool  // there is one, or a timer
	origin Origin
	raw    *txn.Record // the source record that it was made of, if an operator may need it for a dead letter
	due    []byte      // the encoded key of the timer that it is, or that has made it in this chain
	key    any         // *K behind an exchange, where Receive puts the key

	taken int // records, through exchanges
	bytes int // of all source records so far, or what came of them through an exchange: bounds what gathers

	keepRaw bool       // of a source stage
	source  txn.Record // what raw points to there

	scratch []byte // for keys
	out     outbox
	flushes []func() error // of the senders, in the order of the chain
	timed   []timed        // operators that wait for a time; those further down the chain come first
	alarms  []catcher      // the timers of operators; those further down the chain come first
	lag     lag
	burst   int         // timers that fire at a time
	waits   []waiting   // operators that records wait in; those further down the chain come first
	event   *eventClock // of a source with event time
	wm      int64       // the last watermark that has gone through all of the chain
	level   int64       // the same, and the end of time when it has come
	ahead   int64       // the time of the timer of processing time that has fired last, for the end, which comes before
	ending  bool        // see end
	broken  error       // the first error behind a side output
}

// NewTask begins a chain for one task.
func NewTask(env *Env) *Task {
	t := &Task{env: env, uids: []string{"runtime"}, wm: NoWatermark, level: NoWatermark, burst: cmp.Or(env.Burst, burstCount)}
	t.out.produce = env.Produce
	return t
}

// Env is what the task was lent.
func (t *Task) Env() *Env { return t.env }

// operator gives the operator with this uid its number within the chain.
func (t *Task) operator(uid string) int32 {
	t.uids = append(t.uids, uid)
	return int32(len(t.uids) - 1)
}

// SourceChain completes the chain of a source stage.
func (t *Task) SourceChain(source func(b *txn.Batch) error) *Chain {
	c := &Chain{Source: source, Flush: t.flush, Tick: t.tick, NextTick: t.nextTick}
	if t.event != nil {
		c.Progress = t.event.progress
	}
	if len(t.waits) > 0 {
		c.Drain, c.Behind = t.drain, t.behind
	}
	return c
}

// KeyedChain completes the chain of a stage behind exchanges; inputs has the receiving end of each, by its number.
func (t *Task) KeyedChain(inputs map[int]Receiver) *Chain {
	if t.env.State != nil && t.env.State.HasTTL() {
		t.timed = append(t.timed, newSweeping(t))
	}
	exchange := func(x int, b Batch) error {
		receive := inputs[x].Batch
		if receive == nil {
			return fmt.Errorf("exchange %d: %w (%T)", x, errForeignBatch, b)
		}
		return receive(b)
	}
	topic := func(x int, b *txn.Batch) error { return inputs[x].Topic(b) }
	c := &Chain{
		Exchange: exchange, Topic: topic, Taken: func() int { return t.taken }, Flush: t.flush, Watermark: t.watermark, Tick: t.tick, NextTick: t.nextTick,
	}
	if len(t.waits) > 0 {
		c.Drain = t.drain
	}
	if len(t.waits) > 0 || len(t.alarms) > 0 {
		c.Behind = t.behind
	}
	if len(t.alarms) > 0 {
		c.End = t.end
	}
	return c
}

// KeepRaw lets the chain of a source keep each record as it was read while it is at work.
func (t *Task) KeepRaw() { t.keepRaw = true }

// flush sends on what the chain has gathered.
func (t *Task) flush() (err error) {
	defer t.rescue(&err)
	t.op, t.atWork = 0, false
	for _, f := range t.flushes {
		if err := f(); err != nil {
			return err
		}
	}
	return t.out.flush()
}

// Tee hands every record to several operators, one after the other.
func Tee[T any](next []Push[T]) Push[T] {
	switch len(next) {
	case 0:
		return func(T) error { return nil }
	case 1:
		return next[0]
	}
	return func(v T) error {
		for _, push := range next {
			if err := push(v); err != nil {
				return err
			}
		}
		return nil
	}
}
