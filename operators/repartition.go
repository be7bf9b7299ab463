package operators

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// What the value of a Kafka record in a repartition topic begins with; its key is null. A client's costs are by the record, so many of the
// stream's records travel in one.
const (
	repartitionBatch byte = 1 // then records, each: trace, key (length as uvarint, bytes), timestamp (varint), value (as the key)
	repartitionMark  byte = 2 // then watermark (varint), idle (a byte) and sender
)

// repartitionBytes is what a batch in a repartition topic has about at most.
const repartitionBytes = 32 << 10

var errMalformed = errors.New("a record of a repartition topic is not of the form that this version writes: did something else write to it, or a newer version?")

// topicSender is the end of an exchange that writes to a repartition topic: a record's partition follows from its key group as its task
// would in memory.
type topicSender[K, T any] struct {
	t       *Task
	x       *Exchange[K, T]
	op      int32
	targets []uint16 // by key group
	batches [][]byte // by partition
	traces  []tracer // of each
	value   []byte
	out     Output
}

func (x *Exchange[K, T]) sendTopic(t *Task, topic string) Push[T] {
	s := &topicSender[K, T]{t: t, x: x, op: t.operator(x.UID), targets: targetsOf(t.env), out: Output{Topic: topic}}
	s.batches = make([][]byte, max(t.env.Parallelism, 1))
	s.traces = make([]tracer, len(s.batches))
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
	target := s.targets[state.KeyGroup(key, len(s.targets))]
	b, trace := s.batches[target], &s.traces[target]
	if len(b)+len(key)+len(s.value)+trace.size(s.t, s.x.Raw) > repartitionBytes && len(b) > 0 {
		if err := s.send(int(target)); err != nil {
			return err
		}
		b = nil
	}
	if b == nil {
		b = append(make([]byte, 0, repartitionBytes/8), repartitionBatch)
	}
	b = trace.append(b, s.t, s.x.Raw)
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	b = binary.AppendVarint(b, s.t.ts)
	s.batches[target] = append(binary.AppendUvarint(b, uint64(len(s.value))), s.value...)
	return nil
}

// send hands the batch of a partition over; its memory is the client's from now on.
func (s *topicSender[K, T]) send(target int) error {
	s.out.Value, s.out.Partition = s.batches[target], int32(target)
	s.batches[target], s.traces[target] = nil, tracer{}
	return s.t.out.add(&s.out)
}

func (s *topicSender[K, T]) flush() error {
	for target, b := range s.batches {
		if b == nil {
			continue
		}
		if err := s.send(target); err != nil {
			return err
		}
	}
	return nil
}

// receiveTopic is the other end: it takes batches of a partition of the repartition topic, without marks.
func (x *Exchange[K, T]) receiveTopic(t *Task, op int32, key *K, next Push[T]) func(b *txn.Batch) error {
	store, groups := t.env.State, t.env.MaxParallelism
	from := traces{known: map[txn.Partition]*txn.Partition{}}
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		t.atWork = true
		for i := range b.Records {
			from.begin()
			at := Origin{&b.Partition, b.Records[i].Offset} // of the batch, as long as a record has no trace
			t.op, t.origin, t.raw = op, at, nil
			rest, err := openBatch(b.Records[i].Value)
			for len(rest) > 0 && err == nil {
				var r crossing
				t.op, t.origin, t.raw = op, at, nil
				if rest, err = from.read(t, rest); err != nil {
					break
				}
				if r, rest, err = readCrossing(rest); err != nil {
					break
				}
				var v T
				t.ts = r.ts
				if v, err = x.decode(r, key); err != nil {
					break
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
				if err := next(v); err != nil {
					return err
				}
			}
			if errors.Is(err, errMalformed) {
				t.origin, t.raw = at, nil // whatever its trace said
			}
			if err != nil {
				return t.fail(op, err)
			}
		}
		t.atWork, t.raw = false, nil
		return nil
	}
}

// crossing is a record on its way through a repartition topic.
type crossing struct {
	key, value []byte
	ts         int64
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

func openBatch(value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] != repartitionBatch {
		return nil, errMalformed
	}
	return value[1:], nil
}

func readCrossing(b []byte) (r crossing, rest []byte, err error) {
	if r.key, b, err = cutBytes(b); err != nil {
		return r, nil, err
	}
	ts, n := binary.Varint(b)
	if n <= 0 {
		return r, nil, errMalformed
	}
	r.ts = ts
	r.value, rest, err = cutBytes(b[n:])
	return r, rest, err
}

// cutBytes cuts off bytes behind their length.
func cutBytes(b []byte) (head, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errMalformed
	}
	end := n + int(size)
	return b[n:end:end], b[end:], nil
}
