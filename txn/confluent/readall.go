package confluent

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// readAllPoll bounds how long the end of a context goes unnoticed.
const readAllPoll = 100 * time.Millisecond

// ReadAll implements txn.Admin, with a consumer that belongs to no group.
func (a *admin) ReadAll(ctx context.Context, topic string) ([]txn.Record, error) {
	return look(ctx, a, opReadAll, func() ([]txn.Record, error) {
		left, err := a.ends(ctx, topic)
		if err != nil || len(left) == 0 {
			return nil, err
		}
		from := map[int32]kafka.Offset{}
		for p := range left {
			from[p] = kafka.OffsetBeginning
		}
		var records []txn.Record
		err = a.readTo(ctx, topic, from, left, func(m *kafka.Message) { records = append(records, recordOf(m)) })
		return records, err
	})
}

// Ahead implements txn.Admin, as ReadAll does.
func (a *admin) Ahead(ctx context.Context, topic string, from map[int32]int64) (map[int32]int64, error) {
	return look(ctx, a, opReadAll, func() (map[int32]int64, error) {
		left, err := a.ends(ctx, topic)
		if err != nil {
			return nil, err
		}
		start, found := map[int32]kafka.Offset{}, map[int32]int64{}
		for p, end := range left {
			if start[p] = kafka.Offset(from[p]); from[p] >= end {
				delete(left, p)
				delete(start, p)
			}
		}
		if len(left) == 0 {
			return found, nil
		}
		err = a.readTo(ctx, topic, start, left, func(m *kafka.Message) {
			found[m.TopicPartition.Partition] = int64(m.TopicPartition.Offset)
			delete(left, m.TopicPartition.Partition)
		})
		return found, err
	})
}

// ends are the high watermarks of a topic's partitions that hold anything. Everything below them has been decided when a
// read_committed reader has come that far.
func (a *admin) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, slice)
	defer cancel()
	res, err := a.a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{topic}))
	if err != nil {
		return nil, err
	}
	var parts []txn.Partition
	for _, t := range res.TopicDescriptions {
		if t.Error.Code() != kafka.ErrNoError {
			return nil, fmt.Errorf("topic %q: %w", topic, t.Error)
		}
		for _, p := range t.Partitions {
			parts = append(parts, txn.Partition{Topic: topic, ID: int32(p.Partition)})
		}
	}
	high, err := listOffsets(ctx, a.a, parts, kafka.LatestOffsetSpec)
	if err != nil {
		_, _ = a.p.GetMetadata(&topic, false, sliceMillis(ctx)) // see consumer.refresh
		return nil, err
	}
	ends := map[int32]int64{}
	for p, end := range high {
		if end > 0 {
			ends[p.ID] = end
		}
	}
	return ends, nil
}

// readTo passes to got what is in the partitions named in left, from some offsets up to these ends. got may take partitions out of left.
func (a *admin) readTo(ctx context.Context, topic string, from map[int32]kafka.Offset, left map[int32]int64, got func(*kafka.Message)) error {
	c, done, err := a.loner()
	if err != nil {
		return err
	}
	defer done()
	var assigned []kafka.TopicPartition
	for p, offset := range from {
		assigned = append(assigned, kafka.TopicPartition{Topic: &topic, Partition: p, Offset: offset})
	}
	// It looks for leaders every 500 ms, at first before any broker can be connected: see Init.
	_, _ = c.GetMetadata(&topic, false, sliceMillis(ctx))
	if err := c.Assign(assigned); err != nil {
		return err
	}
	for len(left) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch ev := c.Poll(int(readAllPoll.Milliseconds())).(type) {
		case *kafka.Message:
			if err := ev.TopicPartition.Error; err != nil {
				return fmt.Errorf("topic %q partition %d: %w", topic, ev.TopicPartition.Partition, err)
			}
			if end, open := left[ev.TopicPartition.Partition]; open && int64(ev.TopicPartition.Offset) < end {
				got(ev)
			}
			reached(left, ev.TopicPartition.Partition, int64(ev.TopicPartition.Offset)+1)
		case kafka.PartitionEOF: // the last stable offset, behind control records: an end that no record tells
			reached(left, ev.Partition, int64(ev.Offset))
		case kafka.Error:
			// The group is only a name that the client wants to have.
			if ev.Code() != kafka.ErrGroupAuthorizationFailed && classOf(opPoll, ev) != txn.ClassRetry {
				return fmt.Errorf("topic %q: %w", topic, ev)
			}
		}
	}
	return nil
}

func reached(left map[int32]int64, partition int32, next int64) {
	if end, open := left[partition]; open && next >= end {
		delete(left, partition)
	}
}

// loner makes a consumer that joins no group and commits nothing; done closes it.
func (a *admin) loner() (c *kafka.Consumer, done func(), err error) {
	m := a.client.common()
	for k, v := range map[string]string{
		"group.id":                 "weir", // never joined
		"enable.auto.commit":       "false",
		"enable.auto.offset.store": "false",
		"auto.offset.reset":        "error",
		"isolation.level":          "read_committed",
		"enable.partition.eof":     "true",
		"fetch.wait.max.ms":        "10", // the last fetch finds nothing, and tells that this was the end
		"fetch.error.backoff.ms":   "100",
	} {
		m[k] = v
	}
	m = a.client.withUser(m)
	logs := a.client.startLog(m)
	if c, err = kafka.NewConsumer(&m); err != nil {
		logs.stop()
		return nil, nil, configFailed(err)
	}
	return c, func() {
		_ = bounded(opClose, closeTimeout, func() error {
			defer logs.stop()
			return c.Close()
		})
	}, nil
}

func recordOf(m *kafka.Message) txn.Record {
	r := txn.Record{
		Key: m.Key, Value: m.Value, Offset: int64(m.TopicPartition.Offset), Timestamp: m.Timestamp.UnixMilli(),
		Topic: *m.TopicPartition.Topic, Partition: m.TopicPartition.Partition,
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, txn.Header{Key: h.Key, Value: h.Value})
	}
	return r
}
