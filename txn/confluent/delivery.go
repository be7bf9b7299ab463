package confluent

import (
	"context"
	"fmt"
	"sync"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// deliveries counts records handed over and records reported, so that a flush knows when all are known: the
// client's own Flush looks every 100 ms only.
type deliveries struct {
	mu       sync.Mutex
	queued   int64 // handed over
	reported int64 // delivered or failed
	failed   error // the first failure since the last flush
	waiting  chan struct{}
	closed   bool
}

func newDeliveries() *deliveries { return &deliveries{} }

func (d *deliveries) sent(n int64) {
	d.mu.Lock()
	d.queued += n
	d.mu.Unlock()
}

// report takes one delivery report. It can come before sent was called for its record.
func (d *deliveries) report(m *kafka.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reported++
	if err := m.TopicPartition.Error; err != nil && d.failed == nil {
		d.failed = fmt.Errorf("topic %q partition %d: a record was not delivered: %w",
			*m.TopicPartition.Topic, m.TopicPartition.Partition, err)
	}
	if d.reported >= d.queued {
		d.wake()
	}
}

func (d *deliveries) wake() {
	if d.waiting != nil {
		close(d.waiting)
		d.waiting = nil
	}
}

func (d *deliveries) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.wake()
}

// settle waits until every record is reported, and returns the first failure.
func (d *deliveries) settle(ctx context.Context) error {
	for {
		d.mu.Lock()
		if d.reported >= d.queued || d.closed {
			err := d.failed
			d.failed = nil
			if err == nil && d.reported < d.queued {
				err = newProducer(opFlush, "_DESTROY", fmt.Errorf("the producer was closed with %d records undelivered", d.queued-d.reported))
			}
			d.mu.Unlock()
			return err
		}
		if d.waiting == nil {
			d.waiting = make(chan struct{})
		}
		waiting, left := d.waiting, d.queued-d.reported
		d.mu.Unlock()
		select {
		case <-waiting:
		case <-ctx.Done():
			return fmt.Errorf("%d records are not delivered yet: %w: %w", left, errAbandoned, context.Cause(ctx))
		}
	}
}

// Flush implements txn.Producer. With transactions Commit does it.
func (p *producer) Flush(ctx context.Context) error {
	if p.transactional() {
		return nil
	}
	release, err := p.use(opFlush)
	if err != nil {
		return err
	}
	defer release()
	return classify(opFlush, p.delivery.settle(ctx))
}

// purge gives up what is still queued and waits for what is in flight, whose fate the reports tell.
func (p *producer) purge(ctx context.Context) error {
	release, err := p.use(opAbort)
	if err != nil {
		return err
	}
	defer release()
	if err := p.p.Purge(kafka.PurgeQueue); err != nil {
		return classify(opAbort, err)
	}
	err = p.delivery.settle(ctx)
	if ctx.Err() == nil && txn.ClassOf(err) != txn.ClassNewProducer {
		return nil // failed deliveries are what an abort is for
	}
	return classify(opAbort, err)
}
