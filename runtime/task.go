package runtime

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/internal/failpoint"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// task runs the operator chain of a stage for one source partition, or for one range of key groups. Everything but its
// inbox belongs to its goroutine.
type task struct {
	attempt   *attempt
	stage     *stream.Stage
	number    int
	partition txn.Partition // of a source task
	shard     *shard        // of a keyed task
	registry  *state.Registry
	senders   *senders    // of a task behind a repartition topic
	input     map[int]int // which input of the tasks behind an exchange this one is
	inbox     *inbox
	portions  portions
	chain     *operators.Chain
	store     *state.Store
	epoch     uint64 // that its next record belongs to
	timers    int64  // bytes, at the last barrier
	full      bool   // its overlay has passed the limit in this epoch
	ahead     ahead
	time      taskTime
	over      bool   // the last barrier has passed: nothing fires any more
	drained   string // the drain that the task has come to its end for, if it has taken nothing since
}

// open instantiates the chain on committed state.
func (t *task) open() error {
	in := t.attempt.in
	env := &operators.Env{
		Task: t.number, Parallelism: in.topology.parallelism, MaxParallelism: in.o.MaxParallelism, Now: time.Now,
		Portion:    t.attempt.sentMost,
		Send:       func(x, target int, b operators.Batch) error { return t.attempt.send(t, x, target, b) },
		Partitions: t.partitions, Limits: t.limits, Produce: t.produce, Fires: t.fires, Lost: in.losses.take, Watermark: t.time.restored(), Idle: t.time.mark.idle,
		Context: t.attempt.ctx, Wake: t.inbox.wake, Calls: in.m,
	}
	if t.stage.Source != nil {
		env.HeldBack = func() time.Time {
			return later(t.attempt.pace.active(t.partition), later(in.suspended.active(), t.attempt.waits.active()))
		}
	}
	if !in.single() {
		env.Topic = func(x int) string { return in.topology.repartition[x] }
		env.Job = []byte(in.o.JobID)
	}
	if t.shard != nil {
		t.store = state.NewStore(t.shard.backend, t.registry, state.Options{
			CacheBytes:  in.o.CacheBytes / int64(in.topology.parallelism),
			CheckWrites: t.attempt.warned,
		})
		env.State = t.store
	}
	chain, err := t.stage.New(env)
	if err != nil {
		return fmt.Errorf("stage %s: %w", t.stage.Name, err)
	}
	t.chain = chain
	t.measureTimers()
	return nil
}

// home is the shard whose checkpoints hold the task's event time; nil: none, it stands beside the offset itself.
func (t *task) home() *shard {
	if t.attempt.in.single() {
		return t.attempt.in.shards[0]
	}
	return t.shard
}

// run works until the inbox is closed or something fails.
func (t *task) run() {
	defer t.attempt.running.Done()
	defer func() {
		if p := recover(); p != nil {
			t.attempt.fail(t.epoch, fmt.Errorf("stage %s: %w", t.stage.Name, operators.Recovered(p)))
		}
	}()
	ok, err := true, t.resume()
	for ok && err == nil {
		ok, err = t.turn()
	}
	if err != nil && !errors.Is(err, errHalted) {
		t.attempt.fail(t.epoch, err)
	}
}

// turn takes a message, or waits until there is something else to do, and does what is due by then.
func (t *task) turn() (ok bool, err error) {
	m, ok, err := t.inbox.take(t.deadline())
	if err != nil || !ok {
		return false, err
	}
	if err := t.measure(m); err != nil {
		return false, err
	}
	if err := t.tick(); err != nil {
		return false, err
	}
	if err := t.release(); err != nil {
		return false, err
	}
	return true, t.catchUpOutputs()
}

// work takes one message.
func (t *task) work(m message) error {
	switch {
	case m.barrier != 0:
		return t.pass(m)
	case m.mark != nil:
		return t.hear(*m.mark)
	case m.drain != "":
		if t.drained == m.drain {
			return nil
		}
		return t.endFor(m.drain)
	case m.source != nil && t.shard != nil:
		if err := t.repartitioned(m.source); err != nil {
			return err
		}
	case m.source != nil:
		t.attempt.in.count.in(m.source)
		t.drained = ""
		if err := t.chain.Source(m.source); err != nil {
			return err
		}
		if err := t.progress(); err != nil {
			return err
		}
	case m.batch == nil: // woken up
		return nil
	default:
		if err := t.chain.Exchange(m.exchange, m.batch); err != nil {
			return err
		}
	}
	return t.settle()
}

// settle follows on everything that may have written to state and gathered outputs.
func (t *task) settle() error {
	if err := t.bound(); err != nil {
		return err
	}
	if t.pausing() {
		return t.chain.Flush()
	}
	return nil
}

// pausing says whether the task has nothing to do but to wait for input. What it has gathered has to go out then, or is kept until its epoch opens, which
// wakes the task up; while there is more to do, that can come later: a keyed task settles behind a tick, too.
func (t *task) pausing() bool {
	return t.inbox.idle() && (t.shard == nil || !t.due(time.Now().UnixMilli()))
}

// bound asks for a barrier when the overlay is over its limit, and waits for the epoch before to be
// decided rather than let a second overlay grow beside it.
func (t *task) bound() error {
	if t.store == nil || t.store.DirtyBytes() < t.attempt.in.overlayShare {
		return nil
	}
	if !t.full {
		t.full = true
		t.attempt.in.post(barrierDue)
	}
	return t.attempt.gate.wait(t.epoch)
}

// pass lets a barrier through: everything before it goes on its way first, then state is sealed.
func (t *task) pass(m message) error {
	epoch := m.barrier
	if err := t.drain(); err != nil {
		return err
	}
	if err := t.catchUp(); err != nil {
		return err
	}
	if err := t.finish(m.end); err != nil {
		return err
	}
	if err := t.chain.Flush(); err != nil {
		return err
	}
	if err := t.writeMarks(); err != nil {
		return err
	}
	if err := t.handOver(); err != nil {
		return err
	}
	t.attempt.broadcast(t, m)
	var entries []state.Entry
	if t.store != nil {
		var err error
		if entries, err = t.seal(epoch); err != nil {
			return fmt.Errorf("stage %s: sealing state: %w", t.stage.Name, err)
		}
		t.measureTimers()
	}
	t.epoch, t.full = epoch+1, false
	pause := time.Since(m.held)
	t.attempt.in.m.Phase(metrics.PhasePause, pause)
	t.attempt.passed(epoch, t, entries, pause)
	return nil
}

// seal ends the epoch of the task's state. A codec that panics is named with the state and the key that it was at.
func (t *task) seal(epoch uint64) (entries []state.Entry, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w", t.store.Sealing(), operators.Recovered(p))
		}
	}()
	return t.store.Seal(epoch)
}

// produce writes outputs in the transaction of the task's epoch, now or later.
func (t *task) produce(records []txn.Record) error {
	if len(records) == 0 || t.keep(records) {
		return nil
	}
	if err := t.handOver(); err != nil {
		return err
	}
	return t.write(records)
}

// write writes outputs in the transaction of the task's epoch, when it is open.
func (t *task) write(records []txn.Record) error {
	a := t.attempt
	if err := a.gate.wait(t.epoch); err != nil {
		return err
	}
	if err := inject("produce"); err != nil {
		return err
	}
	if failpoint.Enabled {
		failpoint.Hit("produce-before")
	}
	if err := a.producer.Produce(a.ctx, records); err != nil {
		if a.halted.Load() {
			return errHalted
		}
		return err
	}
	a.in.count.out(records)
	return nil
}
