package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/twophase"
)

// doPublish makes a decided epoch's state the committed state.
func (in *Instance) doPublish(epoch twophase.Epoch) {
	f := in.flights[epoch]
	if f == nil || f.sealed == nil {
		return
	}
	delete(in.flights, epoch)
	if in.attempt != nil {
		in.decided(f)
	} // else the record was read just now, perhaps for other partitions than the epoch was about
	hit("publish-before")
	for _, p := range f.parts {
		if in.decision.checkpoints[p.shard] != f.id {
			continue // somebody else has gone on from there
		}
		p.shard.publisher.add(layer{id: f.id, epoch: uint64(epoch), runs: p.runs, base: p.manifest.Base, attempt: in.attempt})
	}
	in.purge()
	in.wakeWaiters(epoch)
}

// decided takes over what the record says from now on.
func (in *Instance) decided(f *flight) {
	in.decision.positions, in.decision.pin = f.sealed.positions, false
	for _, p := range f.parts {
		in.decision.checkpoints[p.shard] = f.id
	}
	for t, now := range f.sealed.times {
		if t.shard == nil {
			in.decision.times[t.partition] = now
		}
	}
}

// doBegin opens the transaction and lets the outputs of the epoch through; after a restore it also lets the tasks run.
func (in *Instance) doBegin(epoch twophase.Epoch) {
	a, p, d := in.attempt, in.producer, in.decision
	in.async(twophase.Effect{Op: twophase.Begin, Epoch: epoch}, twophase.Began, in.o.StartTimeout, func(context.Context) error {
		in.waitForRoom()
		if err := p.Begin(); err != nil {
			return err
		}
		a.open(uint64(epoch))
		first := a.producer == nil
		if first {
			a.producer, a.pinned = p, d.pin
			a.start(uint64(epoch))
		}
		if first || a.pinned {
			in.reader.do(func() { in.read(a, epoch, d, first) })
		}
		return nil
	})
}

// read runs on the reader's goroutine when an epoch has begun: the attempt's first, or the one after it.
func (in *Instance) read(a *attempt, epoch twophase.Epoch, d decision, first bool) {
	var err error
	if first {
		err = in.reader.start(a, uint64(epoch), d)
	} else {
		err = in.reader.flow(a)
		a.pinned = false
	}
	if err != nil {
		in.post(processFailed(uint64(epoch), err)) // the epoch has begun all the same
	}
	if first && a.pinned {
		in.post(processed(uint64(epoch)))
		in.post(barrierDue)
	}
}

func (in *Instance) doInjectBarrier(epoch twophase.Epoch) {
	a := in.attempt
	in.flights[epoch] = &flight{
		id: checkpoint.MakeID(in.runName, uint64(epoch)), began: time.Now(),
		warning: time.AfterFunc(in.o.TransactionTimeout/2, func() { in.post(event{then: func() { in.warnSlow(epoch) }}) }),
	}
	a.expect(uint64(epoch))
	in.barrier.Reset(in.o.Interval)
	hit("barrier-before")
	go in.reader.do(func() {
		if in.reader.attempt == a {
			positions, end := in.reader.barrier(uint64(epoch))
			a.injected(uint64(epoch), positions, end)
		}
	})
}

// warnSlow says what holds up a barrier for so long that its transaction may expire.
func (in *Instance) warnSlow(epoch twophase.Epoch) {
	if in.attempt == nil {
		return
	}
	if stages := in.attempt.slow(uint64(epoch)); len(stages) > 0 {
		in.log.Warn("a barrier waits for records that take long: a transaction that is open for longer than WEIR_TRANSACTION_TIMEOUT expires, and what was done in it is done again; raise it, or make calls that wait for others asynchronous (stream.Async)",
			"after", in.o.TransactionTimeout/2, "stages", stages, "WEIR_TRANSACTION_TIMEOUT", in.o.TransactionTimeout, "epoch", epoch)
	}
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
	f.warning.Stop()
	in.split(f)
	in.async(twophase.Effect{Op: twophase.Store, Epoch: epoch}, twophase.Stored, in.o.TransactionTimeout, func(ctx context.Context) error {
		if err := inject("store-before"); err != nil {
			return err
		}
		if err := in.store(ctx, f); err != nil {
			return in.late(ctx, err)
		}
		return inject("store-after")
	})
}

// late says that an epoch's transaction has no more time for a store that is slow.
func (in *Instance) late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("not stored within %v; if the store is as slow as that, raise WEIR_TRANSACTION_TIMEOUT: %w", in.o.TransactionTimeout, err)
	}
	return err
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
	p, meta := in.producer, in.meta
	offsets, err := in.offsets(epoch)
	in.async(twophase.Effect{Op: twophase.SendOffsets, Epoch: epoch}, twophase.OffsetsSent, in.o.TransactionTimeout, func(ctx context.Context) error {
		if err := errors.Join(err, inject("send-offsets-before")); err != nil {
			return err
		}
		if err := in.decisions.send(ctx, p, offsets, meta); err != nil {
			return err
		}
		return inject("send-offsets-after")
	})
}

// doCommit makes the decision.
func (in *Instance) doCommit(epoch twophase.Epoch) {
	p, meta := in.producer, in.meta
	offsets, err := in.offsets(epoch)
	in.async(twophase.Effect{Op: twophase.Commit, Epoch: epoch}, twophase.Committed, in.o.TransactionTimeout+5*time.Second, func(ctx context.Context) error {
		if err := errors.Join(err, inject("commit-before")); err != nil {
			return err
		}
		injure := during("commit-during")
		defer injure()
		if err := in.decisions.commit(ctx, p, offsets, meta); err != nil {
			return err
		}
		return inject("commit-after")
	})
}
