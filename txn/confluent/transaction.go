package confluent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

const (
	// initSlice is how long one try of Init takes; its context decides how many there are.
	initSlice = 2 * time.Second
	// retryPause is the wait before the same call of the client is made again.
	retryPause = 10 * time.Millisecond
	// queuePause is the wait for room in a full queue.
	queuePause = time.Millisecond
)

// Init implements txn.Producer.
func (p *producer) Init(ctx context.Context) error {
	if !p.transactional() {
		return nil
	}
	return p.call(ctx, opInit, func() error {
		// A slice of time for each try, so that a call left to itself ends soon and the producer can be closed. A try
		// that times out goes on in the background, and the next one joins it.
		slice, cancel := context.WithTimeout(context.Background(), initSlice)
		defer cancel()
		// librdkafka looks for the coordinator every 500 ms, at first before any broker can be connected. One question
		// beforehand saves that wait; if it fails, so will Init.
		_, _ = p.p.GetMetadata(nil, false, int(initSlice.Milliseconds())/2)
		return p.p.InitTransactions(slice)
	})
}

// Begin implements txn.Producer.
func (p *producer) Begin() error {
	if !p.transactional() {
		return nil
	}
	release, err := p.use(opBegin)
	if err != nil {
		return err
	}
	defer release()
	return classify(opBegin, p.p.BeginTransaction())
}

// SendOffsets implements txn.Producer.
func (p *producer) SendOffsets(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	tps, err := offsetList(opSendOffsets, offsets)
	if err != nil {
		return err
	}
	m, ok := meta.(*membership)
	if !ok {
		return badMetadata(opSendOffsets, meta)
	}
	send := func(ctx context.Context) error { return p.p.SendOffsetsToTransaction(ctx, tps, m.meta) }
	return p.call(ctx, opSendOffsets, func() error {
		err := p.try(send)
		if hasCode(err, kafka.ErrState) {
			// The transaction failed meanwhile, and this error says only that. Asked again, the client refuses with the cause.
			if cause := p.try(send); cause != nil {
				err = cause
			}
		}
		return err
	})
}

// Commit implements txn.Producer.
func (p *producer) Commit(ctx context.Context) error {
	if !p.transactional() {
		return p.Flush(ctx)
	}
	return p.call(ctx, opCommit, func() error { return p.try(p.p.CommitTransaction) })
}

// Abort implements txn.Producer.
func (p *producer) Abort(ctx context.Context) error {
	if !p.transactional() {
		return p.purge(ctx)
	}
	return p.call(ctx, opAbort, func() error { return p.try(p.p.AbortTransaction) })
}

// try runs a transactional call of the client, with the transaction's timeout rather than the caller's: a short one
// would make librdkafka abort what is nearly done, and without any a call that was left to itself would never end.
func (p *producer) try(call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	return call(ctx)
}

// call runs a transactional call and repeats it after retriable errors, as librdkafka wants it: the repetition
// resumes the operation. When ctx ends first, the call is left to itself and the producer is of no more use.
func (p *producer) call(ctx context.Context, op operation, do func() error) error {
	release, err := p.use(op)
	if err != nil {
		return err
	}
	err = await(ctx, release, func() error {
		err := do()
		for classOf(op, err) == txn.ClassRetry && pause(ctx) {
			err = do()
		}
		return err
	})
	if errors.Is(err, errAbandoned) {
		p.busy.Store(true)
	}
	return naming(p.brokers, classify(op, overdue(ctx, op, err)))
}

// overdue settles what an error that could have been retried means when ctx is over.
func overdue(ctx context.Context, op operation, err error) error {
	if err != nil && ctx.Err() != nil && classOf(op, err) == txn.ClassRetry {
		return fmt.Errorf("%w (%w: %w)", err, errAbandoned, context.Cause(ctx))
	}
	return err
}
