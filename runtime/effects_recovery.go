package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

func (in *Instance) doFence() {
	old, delay, member := in.producer, in.backoff(), in.member
	again := in.restarts.inRow > 0 // a thawed process may hear of its successor as a fence, or as an answer that never came
	in.producer = nil
	in.m.SetTransactionStart(time.Time{})
	halt := in.haltAttempt()
	go func() {
		halt()
		if old != nil {
			old.Close()
		}
		in.sleep(delay)
		if again {
			if err := in.checkSuccessor(member); err != nil {
				in.post(failed(twophase.Fence, 0, err))
				return
			}
		}
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

// newProducer makes a producer and fences all older ones of its transactional id.
func (in *Instance) newProducer() (txn.Producer, error) {
	cfg := txn.ProducerConfig{}
	if in.o.Guarantee == twophase.ExactlyOnce {
		cfg.TransactionalID = in.transactionalID()
		cfg.TransactionTimeout = in.o.TransactionTimeout
	}
	p, err := in.sinkClient().NewProducer(cfg)
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
	parts, delay, begin := in.work.parts, in.backoff(), in.begin()
	go func() {
		in.sleep(delay)
		if begin != nil {
			if err := begin(); err != nil {
				in.post(beginFailure(err))
				return
			}
		}
		d, err := in.readDecision(parts)
		if err != nil {
			in.post(failed(twophase.ReadDecision, 0, err))
			return
		}
		ev := answer(twophase.DecisionRead, 0)
		ev.decision = &d
		in.post(ev)
	}()
}

func (in *Instance) doRestore() {
	d, w, delay := in.decision, in.work, in.backoff()
	known := in.registries(d)
	w.warned = in.restarts.own() > 0
	clear(in.flights) // every decided epoch is published, the others never happened
	halt := in.haltAttempt()
	if in.restarts.inRow > 0 {
		in.m.Restart("failure")
	}
	if !in.leaving() {
		in.view.phase(PhaseRestoring)
	}
	go func() {
		halt()
		in.sleep(delay)
		a, found, err := in.restore(d, w, known)
		if errors.Is(err, ErrState) && in.outdated(d, w.parts) {
			// Not fatal: the protocol reads the record again. The checkpoint may have been collected by a successor.
			err = fmt.Errorf("the decision record has moved on: %s", err.Error())
		}
		if err != nil {
			in.post(failed(twophase.Restore, 0, err))
			return
		}
		ev := answer(twophase.Restored, 0)
		ev.attempt = a
		in.post(event{then: func() {
			for s, r := range found {
				s.registry, s.base = r.registry, r.base
			}
			in.take(ev)
		}})
	}()
}

func (in *Instance) doAbort(epoch twophase.Epoch) {
	p := in.producer
	in.m.SetTransactionStart(time.Time{})
	if in.restarts.inRow == 0 && in.dirty >= epoch { // a failure has been counted already, and an empty epoch is nothing to do again
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
		in.decisions.settle(in.ctx)
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

// backoff is how long to wait before the next try.
func (in *Instance) backoff() time.Duration { return in.restarts.delay(rand.Float64()) }

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
