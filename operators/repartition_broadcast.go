package operators

import (
	"encoding/binary"
	"fmt"

	"github.com/weirstream/weir/txn"
)

// topicBroadcaster is the end of a broadcast that writes to a repartition topic: the same batch, of records without a key, to every partition.
type topicBroadcaster[T any] struct {
	t     *Task
	x     *BroadcastExchange[T]
	op    int32
	batch []byte // under way; nil: none
	trace tracer // of it
	value []byte
	out   Output
}

func (x *BroadcastExchange[T]) sendTopic(t *Task, topic string) Push[T] {
	s := &topicBroadcaster[T]{t: t, x: x, op: t.operator(x.UID), out: Output{Topic: topic}}
	t.flushes = append(t.flushes, s.flush)
	return s.push
}

func (s *topicBroadcaster[T]) push(v T) (err error) {
	s.t.op = s.op
	if s.value, err = s.x.Values.Append(s.value[:0], v); err != nil {
		return s.t.fail(s.op, fmt.Errorf("value: %w", err))
	}
	if len(s.batch) > 0 && len(s.batch)+len(s.value)+s.trace.size(s.t, s.x.Raw) > repartitionBytes {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.batch == nil {
		s.batch = append(make([]byte, 0, repartitionBytes/8), repartitionBatch)
	}
	b := append(s.trace.append(s.batch, s.t, s.x.Raw), 0) // the length of the key
	b = binary.AppendVarint(b, s.t.ts)
	s.batch = append(binary.AppendUvarint(b, uint64(len(s.value))), s.value...)
	return nil
}

// flush hands the batch over, whose memory is the client's from now on.
func (s *topicBroadcaster[T]) flush() error {
	if s.batch == nil {
		return nil
	}
	b := s.batch
	s.batch, s.trace = nil, tracer{}
	for target := range max(s.t.env.Parallelism, 1) {
		s.out.Value, s.out.Partition = b, int32(target)
		if err := s.t.out.add(&s.out); err != nil {
			return err
		}
	}
	return nil
}

// receiveTopic is the other end: it takes batches of a partition of the repartition topic, without marks.
func (x *BroadcastExchange[T]) receiveTopic(t *Task, op int32, next Push[T]) func(b *txn.Batch) error {
	from := traces{known: map[txn.Partition]*txn.Partition{}}
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		t.keyless()
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
				if v, err = x.Values.Decode(r.value); err != nil {
					err = fmt.Errorf("value: %w", err)
					break
				}
				t.bytes += len(r.value)
				if err := next(v); err != nil {
					return err
				}
			}
			if err != nil {
				return t.fail(op, err)
			}
		}
		t.atWork, t.raw = false, nil
		return nil
	}
}
