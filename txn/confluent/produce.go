package confluent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// Produce implements txn.Producer. A record that is too large is ClassFatal: it would be so again after an abort.
func (p *producer) Produce(ctx context.Context, records []txn.Record) error {
	release, err := p.use(opProduce)
	if err != nil {
		return err
	}
	defer release()
	k := packs.Get().(*packed)
	defer k.recycle()
	for len(records) > 0 {
		n := k.pack(records, p.topics)
		if n == 0 {
			return classify(opProduce, kafka.NewError(kafka.ErrInvalidArg, fmt.Sprintf("%q can't be a topic's name", records[0].Topic), false))
		}
		taken, err := p.enqueue(ctx, k)
		if err != nil {
			return p.produceFailed(&records[taken], err)
		}
		records = records[n:]
	}
	return nil
}

// enqueue hands a pack over, waiting while the queue is full. Without delivery reports nothing says when it is not
// any more; in a millisecond a full queue empties by a hundredth. It returns how many records were taken.
func (p *producer) enqueue(ctx context.Context, k *packed) (int, error) {
	data := k.data
	for i := 0; ; {
		taken, used, err := k.send(p.rk, i, data)
		i, data = i+taken, data[used:]
		if p.delivery != nil {
			p.delivery.sent(int64(taken))
		}
		if i == len(k.recs) {
			return i, nil
		}
		if e := (kafka.Error{}); !errors.As(err, &e) || e.Code() != kafka.ErrQueueFull {
			return i, err
		}
		select {
		case <-ctx.Done():
			return i, fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		case <-time.After(queuePause):
		}
	}
}

func (p *producer) produceFailed(r *txn.Record, err error) error {
	if e := (kafka.Error{}); errors.As(err, &e) {
		switch e.Code() {
		case kafka.ErrMsgSizeTooLarge:
			err = fmt.Errorf("topic %q: a record of %d bytes is larger than message.max.bytes=%d allows: %w", r.Topic, r.Size(), p.maxBytes, err)
		case kafka.ErrState, kafka.ErrFatal:
			// The transaction or the producer failed earlier; the cause says what to do.
			if fatal := p.p.GetFatalError(); fatal != nil {
				err = fatal
			}
		}
	}
	return classify(opProduce, fmt.Errorf("topic %q partition %d: %w", r.Topic, r.Partition, err))
}
