package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// do carries out one effect. Slow ones run on their own goroutine, on values taken here in the loop, and answer with an event.
func (in *Instance) do(e twophase.Effect) {
	switch e.Op {
	case twophase.Fence:
		in.doFence()
	case twophase.ReadDecision:
		in.doReadDecision()
	case twophase.Publish:
		in.doPublish(e.Epoch)
	case twophase.Restore:
		in.doRestore()
	case twophase.Begin:
		in.doBegin(e.Epoch)
	case twophase.InjectBarrier:
		in.doInjectBarrier(e.Epoch)
	case twophase.Store:
		in.doStore(e.Epoch)
	case twophase.Flush:
		in.doFlush(e.Epoch)
	case twophase.SendOffsets:
		in.doSendOffsets(e.Epoch)
	case twophase.Commit:
		in.doCommit(e.Epoch)
	case twophase.Abort:
		in.doAbort(e.Epoch)
	case twophase.Release:
		in.doRelease()
	case twophase.Stop:
		in.stop(e.Reason)
	}
}

// async runs an effect and answers with kind, or with Failed.
func (in *Instance) async(e twophase.Effect, kind twophase.EventKind, timeout time.Duration, f func(ctx context.Context) error) {
	go func() {
		ctx, cancel := context.WithTimeout(in.ctx, timeout)
		defer cancel()
		started := time.Now()
		err := f(ctx)
		if err != nil {
			in.post(failed(e.Op, e.Epoch, err))
			return
		}
		if name := phaseName(e.Op); name != "" {
			in.m.Phase(name, time.Since(started))
		}
		in.post(answer(kind, e.Epoch))
	}()
}

func (in *Instance) doFence() {
	old, delay := in.producer, in.backoff()
	in.producer = nil
	in.m.SetTransactionStart(time.Time{})
	halt := in.haltAttempt()
	go func() {
		halt()
		if old != nil {
			old.Close()
		}
		in.sleep(delay)
		p, err := in.newProducer()
		if err != nil {
			in.post(failed(twophase.Fence, 0, err))
			return
		}
		ev := answer(twophase.Fenced, 0)
		in.post(event{then: func() {
			in.producer = p
			in.take(ev)
		}})
	}()
}

func (in *Instance) transactionalID() string { return in.o.JobID + "-" + in.o.InstanceID }

// newProducer makes a producer and fences all older ones of its transactional id.
func (in *Instance) newProducer() (txn.Producer, error) {
	cfg := txn.ProducerConfig{}
	if in.o.Guarantee == twophase.ExactlyOnce {
		cfg.TransactionalID = in.transactionalID()
		cfg.TransactionTimeout = in.o.TransactionTimeout
	}
	p, err := in.o.Client.NewProducer(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(in.ctx, in.o.StartTimeout)
	defer cancel()
	if err := p.Init(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (in *Instance) doReadDecision() {
	all, delay := in.all, in.backoff()
	go func() {
		in.sleep(delay)
		d, err := in.readDecision(all)
		if err != nil {
			in.post(failed(twophase.ReadDecision, 0, err))
			return
		}
		ev := answer(twophase.DecisionRead, 0)
		ev.decision = &d
		in.post(ev)
	}()
}

// doPublish makes a decided epoch's state the committed state.
func (in *Instance) doPublish(epoch twophase.Epoch) {
	f := in.flights[epoch]
	if f == nil || f.sealed == nil {
		return
	}
	delete(in.flights, epoch)
	in.decision = decision{id: f.id, positions: f.sealed.positions}
	hit("publish-before")
	in.publisher.add(layer{id: f.id, epoch: uint64(epoch), entries: f.sealed.entries, base: f.base, attempt: in.attempt})
}

func (in *Instance) doRestore() {
	d, all, reg, delay := in.decision, in.all, in.registry, in.backoff()
	clear(in.flights) // every decided epoch is published, the others never happened
	halt := in.haltAttempt()
	if in.failures > 0 {
		in.m.Restart("failure")
	}
	if !in.leaving() {
		in.view.phase(PhaseRestoring)
	}
	go func() {
		halt()
		in.sleep(delay)
		a, base, err := in.restore(d, all, reg)
		if errors.Is(err, ErrState) && in.outdated(d, all) {
			// Not fatal: the protocol reads the record again. The checkpoint may have been collected by a successor.
			err = fmt.Errorf("the decision record has moved on from checkpoint %s: %s", d.id, err.Error())
		}
		if err != nil {
			in.post(failed(twophase.Restore, 0, err))
			return
		}
		ev := answer(twophase.Restored, 0)
		ev.attempt = a
		in.post(event{then: func() {
			in.base = base
			in.take(ev)
		}})
	}()
}

// doBegin opens the transaction and lets the outputs of the epoch through; after a restore it also lets the tasks run.
func (in *Instance) doBegin(epoch twophase.Epoch) {
	a, p, positions := in.attempt, in.producer, in.decision.positions
	in.async(twophase.Effect{Op: twophase.Begin, Epoch: epoch}, twophase.Began, in.o.StartTimeout, func(context.Context) error {
		in.publisher.waitForRoom(in.ctx)
		if err := p.Begin(); err != nil {
			return err
		}
		a.gate.open(uint64(epoch))
		if a.producer != nil {
			return nil
		}
		a.producer = p
		a.start(uint64(epoch))
		in.reader.do(func() {
			if err := in.reader.start(a, uint64(epoch), positions); err != nil {
				in.post(processFailed(uint64(epoch), err)) // the epoch has begun all the same
			}
		})
		return nil
	})
}

func (in *Instance) doInjectBarrier(epoch twophase.Epoch) {
	a := in.attempt
	in.flights[epoch] = &flight{id: checkpoint.MakeID(in.runName, uint64(epoch)), began: time.Now()}
	a.expect(uint64(epoch))
	in.barrier.Reset(in.o.Interval)
	hit("barrier-before")
	go in.reader.do(func() {
		if in.reader.attempt == a {
			a.injected(uint64(epoch), in.reader.barrier(uint64(epoch)))
		}
	})
}

// aligned is called by the last task that a barrier goes through.
func (in *Instance) aligned(a *attempt, epoch uint64, s *sealed) {
	hit("barrier-after")
	ev := answer(twophase.Aligned, twophase.Epoch(epoch))
	ev.sealed, ev.attempt = s, a
	in.post(ev)
}

func (in *Instance) doStore(epoch twophase.Epoch) {
	f := in.flights[epoch]
	f.base = in.base
	m := in.manifest(f)
	s := f.sealed
	in.async(twophase.Effect{Op: twophase.Store, Epoch: epoch}, twophase.Stored, in.o.TransactionTimeout, func(ctx context.Context) error {
		if err := inject("store-before"); err != nil {
			return err
		}
		s.entries, s.tasks = state.Merge(s.tasks...), nil
		in.m.SetOverlay(sizeOf(s.entries))
		m, err := in.repo.Prepare(ctx, m, s.entries)
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", m.ID, err)
		}
		in.m.CheckpointBytes(m.Delta.Size)
		return inject("store-after")
	})
}

func (in *Instance) doFlush(epoch twophase.Epoch) {
	p := in.producer
	in.async(twophase.Effect{Op: twophase.Flush, Epoch: epoch}, twophase.Flushed, in.o.TransactionTimeout, func(ctx context.Context) error {
		if err := inject("flush-before"); err != nil {
			return err
		}
		if err := p.Flush(ctx); err != nil {
			return err
		}
		return inject("flush-after")
	})
}

func (in *Instance) doSendOffsets(epoch twophase.Epoch) {
	p, meta, offsets := in.producer, in.meta, in.offsets(epoch)
	in.async(twophase.Effect{Op: twophase.SendOffsets, Epoch: epoch}, twophase.OffsetsSent, in.o.TransactionTimeout, func(ctx context.Context) error {
		if err := inject("send-offsets-before"); err != nil {
			return err
		}
		if err := p.SendOffsets(ctx, offsets, meta); err != nil {
			return err
		}
		return inject("send-offsets-after")
	})
}

// doCommit makes the decision.
func (in *Instance) doCommit(epoch twophase.Epoch) {
	p, meta, offsets := in.producer, in.meta, in.offsets(epoch)
	in.async(twophase.Effect{Op: twophase.Commit, Epoch: epoch}, twophase.Committed, in.o.TransactionTimeout+5*time.Second, func(ctx context.Context) error {
		if err := inject("commit-before"); err != nil {
			return err
		}
		injure := during("commit-during")
		defer injure()
		var err error
		if in.o.Guarantee == twophase.ExactlyOnce {
			err = p.Commit(ctx)
		} else {
			err = in.consumer.Commit(ctx, offsets, meta)
		}
		if err != nil {
			return err
		}
		return inject("commit-after")
	})
}

// offsets are what the decision record of an epoch will hold: where every owned partition goes on, and the
// checkpoint that holds the state there.
func (in *Instance) offsets(epoch twophase.Epoch) map[txn.Partition]txn.Position {
	f := in.flights[epoch]
	out := make(map[txn.Partition]txn.Position, len(f.sealed.positions))
	for p, o := range f.sealed.positions {
		out[p] = txn.Position{Offset: o, Metadata: checkpoint.EncodeMetadata(f.id)}
	}
	return out
}

func (in *Instance) doAbort(epoch twophase.Epoch) {
	p := in.producer
	in.m.SetTransactionStart(time.Time{})
	if in.failures == 0 && in.dirty >= epoch { // a failure has been counted already, and an empty epoch is nothing to do again
		in.view.failed(errLost)
		in.m.Abort("partitions_lost")
	}
	halt := in.haltAttempt()
	in.async(twophase.Effect{Op: twophase.Abort, Epoch: epoch}, twophase.Aborted, in.o.StartTimeout, func(ctx context.Context) error {
		halt()
		if err := inject("abort-before"); err != nil {
			return err
		}
		return p.Abort(ctx)
	})
}

func (in *Instance) doRelease() {
	halt, lost, member := in.haltAttempt(), in.wasLost, in.member
	go func() {
		halt()
		var err error
		if lost {
			err = in.checkSuccessor(member)
		}
		in.post(event{then: func() {
			if err != nil {
				in.zombie = true
				in.fail(err)
			} else {
				in.release()
			}
			in.take(answer(twophase.Released, 0))
		}})
	}()
}

// haltAttempt takes the present attempt away from the loop; the result ends its work.
func (in *Instance) haltAttempt() func() {
	a := in.attempt
	in.attempt = nil
	return func() {
		if a == nil {
			return
		}
		// Tasks first: the reader may be waiting for one of them.
		a.halt()
		in.reader.do(func() {
			if err := in.reader.halt(); err != nil {
				in.log.Warn("pausing the consumer", "err", err)
			}
		})
	}
}

// backoff is how long to wait before the next try: not at all after a first failure, which is most often the last.
func (in *Instance) backoff() time.Duration {
	if in.failures <= 1 {
		return 0
	}
	return min(10*time.Second, 100*time.Millisecond<<(in.failures-2))
}

// sleep waits for d or until the instance is to end.
func (in *Instance) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-in.leave:
	case <-in.ctx.Done():
	}
}

// phaseName is the metric's name of an effect.
func phaseName(op twophase.Op) string {
	switch op {
	case twophase.Store:
		return "store"
	case twophase.Flush:
		return "flush"
	case twophase.SendOffsets:
		return "send_offsets"
	case twophase.Commit:
		return "commit"
	}
	return ""
}
