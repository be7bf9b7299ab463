package runtime

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/twophase"
)

var barrierDue = event{Event: twophase.Event{Kind: twophase.BarrierDue}}

// loop runs until Stop.
func (in *Instance) loop() {
	defer close(in.ended)
	in.barrier = time.NewTimer(in.o.Interval)
	defer in.barrier.Stop()
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	in.view.phase(PhaseWaiting)
	for !in.stopped {
		select {
		case ev := <-in.box:
			in.take(ev)
		case <-in.barrier.C:
			in.barrier.Reset(in.o.Interval)
			in.take(barrierDue)
		case <-beat.C:
			in.beat()
		}
	}
	in.view.phase(PhaseStopping)
}

// take absorbs what comes with an event and steps the protocol.
func (in *Instance) take(ev event) {
	switch {
	case ev.note != "":
		in.log.Warn(ev.note, "err", ev.err)
	case ev.then != nil:
		ev.then()
	case ev.rebalance != 0:
		in.rebalanced(ev)
	case ev.shutdown:
		in.view.phase(PhaseStopping)
		in.step(twophase.Event{Kind: twophase.Shutdown})
	default:
		in.absorb(&ev)
		in.step(ev.Event)
	}
}

// step feeds the machine and carries out what it wants.
func (in *Instance) step(ev twophase.Event) {
	for _, e := range in.machine.Step(ev) {
		in.log.Debug("effect", "op", e.Op, "epoch", e.Epoch, "on", ev.Kind)
		in.do(e)
	}
}

// absorb takes over what an answer brings, before the machine hears of it.
func (in *Instance) absorb(ev *event) {
	switch ev.Kind {
	case twophase.Failed:
		in.noteFailure(ev)
	case twophase.Aligned:
		if f := in.flights[ev.Epoch]; f != nil && ev.attempt == in.attempt {
			f.sealed = ev.sealed
			in.m.Phase(metrics.PhaseAlign, time.Since(f.began))
			in.log.Debug("aligned", "epoch", ev.Epoch, "pause", ev.sealed.pause)
		} else {
			ev.Kind = 0 // of an attempt that was given up
		}
	case twophase.DecisionRead:
		in.decision = *ev.decision
		if in.decision.finished {
			in.end()
		}
		ev.Decision = twophase.Epoch(in.decision.epoch)
	case twophase.Restored:
		in.attempt = ev.attempt
	case twophase.Processed:
		if ev.Epoch <= in.dirty {
			return // records and timers both announce themselves
		}
		in.dirty = ev.Epoch
		if ev.Epoch == in.machine.Open() {
			in.m.SetTransactionStart(time.Now())
		}
	case twophase.Began:
		if in.dirty == ev.Epoch { // tasks ran ahead
			in.m.SetTransactionStart(time.Now())
		}
		in.view.epoch(uint64(ev.Epoch))
		in.m.SetEpoch(uint64(ev.Epoch))
		if !in.leaving() {
			in.view.phase(PhaseRunning)
		}
	case twophase.Committed:
		in.committed(ev.Epoch)
	}
}

// committed notes a commit. The next barrier is due an interval after this one was.
func (in *Instance) committed(epoch twophase.Epoch) {
	in.restarts.committed(time.Now())
	in.fatalErr = nil
	in.m.SetTransactionStart(time.Time{})
	f := in.flights[epoch]
	if f == nil {
		return
	}
	in.m.Phase(metrics.PhaseTotal, time.Since(f.began))
	in.m.Commit()
	if f.sealed.end != goesOn {
		in.end()
	}
	in.view.committed(string(f.id))
}

// noteFailure logs a failure, counts it, and makes it fatal when there were too many in a row.
func (in *Instance) noteFailure(ev *event) {
	if ev.err == nil {
		return
	}
	tooMany := in.countFailure(ev)
	in.lastErr = fmt.Errorf("%s: %w", opName(ev.Op), in.named(ev.err))
	in.view.failed(in.lastErr)
	in.m.Abort(causeLabel(ev.Cause))
	if ev.Cause != twophase.Fatal && tooMany != "" {
		ev.Cause = twophase.Fatal
		in.lastErr = fmt.Errorf("%s: %w", tooMany, in.lastErr)
	}
	if in.stale(ev) {
		ev.Cause = twophase.ProducerDead
	}
	if ev.Cause == twophase.Fatal && in.fatalErr == nil {
		in.fatalErr = in.lastErr // what fails after it, such as the abort, is its consequence
	}
	attrs := []any{"op", ev.Op.String(), "epoch", ev.Epoch, "cause", ev.Cause.String(), "failures", in.restarts.inRow, "err", ev.err}
	var p *operators.PanicError
	if errors.As(ev.err, &p) {
		attrs = append(attrs, "stack", string(p.Stack))
	}
	in.log.Error("epoch failed", attrs...)
}

// stale says whether the producer has to go, though it could abort and go on: it failed before without a commit between, so what its client believes of
// the cluster may be wrong. librdkafka 2.11 can take a partition for one without a leader for good, behind a broker that was away.
func (in *Instance) stale(ev *event) bool {
	if ev.Cause != twophase.Abortable || in.restarts.own() < 2 || !isKafka(ev.err) {
		return false
	}
	switch ev.Op {
	case twophase.OpProcess, twophase.Begin, twophase.Flush, twophase.SendOffsets, twophase.Commit:
		return true
	}
	return false
}

// culprit is the function that a failure comes from, with the record that it failed on: a zero one if a task failed otherwise, nil if
// the failure is not that of a task at all, or Kafka's.
func culprit(ev *event) *operators.Culprit {
	if ev.Op != twophase.OpProcess || isKafka(ev.err) {
		return nil
	}
	var e *operators.RecordError
	if errors.As(ev.err, &e) {
		return &e.Culprit
	}
	return &operators.Culprit{}
}

// end ends the instance in good order: every source has come to its end, or is drained, and all that follows is committed.
func (in *Instance) end() {
	in.log.Info("every source has come to its end or is drained, and all is committed; ending")
	in.step(twophase.Event{Kind: twophase.Shutdown})
}

// fail ends the instance in good order with err as its result.
func (in *Instance) fail(err error) {
	if in.result == nil {
		in.result = err
	}
	in.step(twophase.Event{Kind: twophase.Shutdown})
}

// leaving says whether shutdown has begun.
func (in *Instance) leaving() bool {
	select {
	case <-in.leave:
		return true
	default:
		return false
	}
}

// stop ends the loop for the machine's reason.
func (in *Instance) stop(reason twophase.Reason) {
	in.stopped = true
	switch {
	case in.result != nil || reason == twophase.ReasonShutdown:
	case reason == twophase.ReasonRival && !errors.Is(in.lastErr, ErrRival):
		in.result = fmt.Errorf("%w (%s, twice without a commit between); if none runs, the transaction timeout is too short for the epochs: %w",
			ErrRival, in.identity(), in.lastErr)
	case in.fatalErr != nil:
		in.result = in.fatalErr
	default:
		in.result = in.lastErr
	}
}
