package confluent

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// Poll implements txn.Consumer.
func (k *consumer) Poll(wait time.Duration, limit int) ([]*txn.Batch, error) {
	if err := k.takeError(); err != nil {
		return nil, err
	}
	k.moved = false
	timeout := pollMillis(wait)
	for k.count < limit {
		ev := k.c.Poll(timeout)
		timeout = 0
		if m, ok := ev.(*kafka.Message); ok && m.TopicPartition.Error == nil {
			k.add(m)
			continue
		}
		if !k.event(ev) || k.moved {
			break
		}
	}
	return k.take()
}

// event handles what is not a record, and reports whether there may be more.
func (k *consumer) event(ev kafka.Event) bool {
	switch e := ev.(type) {
	case nil: // nothing more, or a rebalance was served
		return false
	case *kafka.Message:
		k.fail(k.readError(e.TopicPartition.Error))
		return false
	case kafka.Error:
		k.fail(k.readError(e))
		return false
	}
	return true // statistics and the like
}

// take hands out the batches of this Poll, or the error if there are none; an error beside batches waits.
func (k *consumer) take() ([]*txn.Batch, error) {
	if k.count == 0 {
		return nil, k.takeError()
	}
	out := k.out
	for _, f := range k.flows {
		f.batch = nil
	}
	k.out, k.count = make([]*txn.Batch, 0, len(out)), 0
	return out, nil
}

func (k *consumer) takeError() error {
	err := k.err
	k.err = nil
	return err
}

// add appends a record to its partition's batch. Records of partitions that nobody let flow are dropped: they were
// fetched before a Seek.
func (k *consumer) add(m *kafka.Message) {
	f := k.last
	if f == nil || f.ID != m.TopicPartition.Partition || f.Topic != *m.TopicPartition.Topic {
		f = k.flows[txn.Partition{Topic: *m.TopicPartition.Topic, ID: m.TopicPartition.Partition}]
		if f == nil {
			return
		}
		k.last = f
	}
	if int64(m.TopicPartition.Offset) < f.next {
		return
	}
	if f.batch == nil {
		f.batch = txn.NewBatch(f.Partition)
		k.out = append(k.out, f.batch)
	}
	f.next = int64(m.TopicPartition.Offset) + 1
	f.batch.Records = append(f.batch.Records, record(m))
	f.batch.Bytes += len(m.Key) + len(m.Value)
	k.count++
}

func record(m *kafka.Message) txn.Record {
	r := txn.Record{Key: m.Key, Value: m.Value, Offset: int64(m.TopicPartition.Offset)}
	if m.TimestampType != kafka.TimestampNotAvailable {
		r.Timestamp = m.Timestamp.UnixMilli()
	}
	if len(m.Headers) > 0 {
		r.Headers = make([]txn.Header, len(m.Headers))
		for i, h := range m.Headers {
			r.Headers[i] = txn.Header(h)
		}
	}
	return r
}

// pollMillis rounds up: a wait of 100 µs is not a busy loop.
func pollMillis(d time.Duration) int {
	return int((max(d, 0) + time.Millisecond - 1) / time.Millisecond)
}
