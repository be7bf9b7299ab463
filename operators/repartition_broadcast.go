package operators

import (
	"fmt"

	"github.com/weirstream/weir/txn"
)

// topicBroadcaster is the end of a broadcast that writes to a repartition topic: the same batch, of records without a key, to every partition.
type topicBroadcaster[T any] struct {
	t     *Task
	x     *BroadcastExchange[T]
	op    int32
	batch topicBatch
	value []byte
	out   Output
	room  room
}

func (x *BroadcastExchange[T]) sendTopic(t *Task, topic string) Push[T] {
	s := &topicBroadcaster[T]{t: t, x: x, op: t.operator(x.UID), out: Output{Topic: topic, Key: t.env.Job}, room: room{t: t, topic: topic}}
	t.flushes = append(t.flushes, s.flush)
	return s.push
}

func (s *topicBroadcaster[T]) push(v T) (err error) {
	s.t.op = s.op
	if s.value, err = s.x.Values.Append(s.value[:0], v); err != nil {
		return s.t.fail(s.op, fmt.Errorf("value: %w", err))
	}
	if err := s.room.crosses(s.x.Raw, nil, s.value); err != nil {
		return s.t.fail(s.op, err)
	}
	if s.batch.full(s.t, s.x.Raw, nil, s.value) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.batch.append(s.t, s.x.Number, 0, s.x.Raw, nil, s.value)
	return nil
}

func (s *topicBroadcaster[T]) flush() error {
	if s.batch.value == nil {
		return nil
	}
	s.out.Value = s.batch.take()
	for target := range max(s.t.env.Parallelism, 1) {
		s.out.Partition = int32(target)
		if err := s.t.out.add(&s.out); err != nil {
			return err
		}
	}
	return nil
}

// receiveTopic is the other end.
func (x *BroadcastExchange[T]) receiveTopic(t *Task, op int32, next Push[T]) func(b *txn.Batch) error {
	receive := unpack(t, op, func(r crossing) error {
		v, err := x.Values.Decode(r.value)
		if err != nil {
			return t.fail(op, fmt.Errorf("value: %w", err))
		}
		t.bytes += len(r.value)
		return next(v)
	})
	return func(b *txn.Batch) error {
		t.keyless()
		return receive(b)
	}
}
