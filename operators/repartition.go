package operators

import (
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// topicSender is the end of an exchange that writes to a repartition topic: a record's partition follows from its key group as its task
// would in memory.
type topicSender[K, T any] struct {
	t       *Task
	x       *Exchange[K, T]
	op      int32
	targets []uint16     // by key group
	batches []topicBatch // by partition
	value   []byte
	out     Output
	room    room
}

func (x *Exchange[K, T]) sendTopic(t *Task, topic string) Push[T] {
	s := &topicSender[K, T]{t: t, x: x, op: t.operator(x.UID), targets: targetsOf(t.env), out: Output{Topic: topic, Key: t.env.Job}, room: room{t: t, topic: topic}}
	s.batches = make([]topicBatch, max(t.env.Parallelism, 1))
	t.flushes = append(t.flushes, s.flush)
	return s.push
}

func (s *topicSender[K, T]) push(v T) (err error) {
	s.t.op = s.op
	if s.t.scratch, err = s.x.Codec.Append(s.t.scratch[:0], s.x.Key(v)); err != nil {
		return s.t.fail(s.op, fmt.Errorf("key: %w", err))
	}
	if s.value, err = s.x.Values.Append(s.value[:0], v); err != nil {
		return s.t.fail(s.op, fmt.Errorf("value: %w", err))
	}
	key := s.t.scratch
	if err := s.room.crosses(s.x.Raw, key, s.value); err != nil {
		return s.t.fail(s.op, err)
	}
	target := int(s.targets[state.KeyGroup(key, len(s.targets))])
	b := &s.batches[target]
	if b.full(s.t, s.x.Raw, key, s.value) {
		if err := s.send(target); err != nil {
			return err
		}
	}
	b.append(s.t, s.x.Number, target, s.x.Raw, key, s.value)
	return nil
}

func (s *topicSender[K, T]) send(target int) error {
	s.out.Value, s.out.Partition = s.batches[target].take(), int32(target)
	return s.t.out.add(&s.out)
}

func (s *topicSender[K, T]) flush() error {
	for target := range s.batches {
		if s.batches[target].value == nil {
			continue
		}
		if err := s.send(target); err != nil {
			return err
		}
	}
	return nil
}

// receiveTopic is the other end.
func (x *Exchange[K, T]) receiveTopic(t *Task, op int32, key *K, next Push[T]) func(b *txn.Batch) error {
	store, groups := t.env.State, t.env.MaxParallelism
	return unpack(t, op, func(r crossing) error {
		v, err := x.decode(r, key)
		if err != nil {
			return t.fail(op, err)
		}
		t.bytes += len(r.key) + len(r.value)
		if store != nil {
			store.SetKey(state.KeyGroup(r.key, groups), r.key)
		}
		if t.lag.on {
			if err := t.catchUp(); err != nil {
				return err
			}
		}
		return next(v)
	})
}

// decode puts the key in its place.
func (x *Exchange[K, T]) decode(r crossing, key *K) (v T, err error) {
	if *key, err = x.Codec.Decode(r.key); err != nil {
		return v, fmt.Errorf("key: %w", err)
	}
	if v, err = x.Values.Decode(r.value); err != nil {
		return v, fmt.Errorf("value: %w", err)
	}
	return v, nil
}
