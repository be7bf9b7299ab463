package operators

import (
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// BroadcastExchange hands every record to all tasks behind it: it has no key there.
type BroadcastExchange[T any] struct {
	Number int
	UID    string
	Raw    bool           // some operator behind it may write dead letters
	Values state.Codec[T] // of records that go through a repartition topic; nil: they can't
}

// broadcastBatch is read by all tasks, and so by nobody changed or used again.
type broadcastBatch[T any] struct {
	records []sent[T]
	bytes   int // Task.bytes of the sender when it began; once sent, what it has grown by
	limit   int // records
}

type sent[T any] struct {
	v      T
	ts     int64
	origin Origin
	raw    txn.Record // if the exchange carries them; without a partition: there is none
}

func (b *broadcastBatch[T]) Len() int { return len(b.records) }

// broadcaster is the end in the stage that feeds it.
type broadcaster[T any] struct {
	t     *Task
	x     *BroadcastExchange[T]
	op    int32
	batch *broadcastBatch[T] // under way; nil: none
}

// Send is the end of an exchange in the stage that feeds it.
func (x *BroadcastExchange[T]) Send(t *Task) Push[T] {
	if t.env.Topic != nil {
		return x.sendTopic(t, t.env.Topic(x.Number))
	}
	s := &broadcaster[T]{t: t, x: x, op: t.operator(x.UID)}
	t.flushes = append(t.flushes, s.flush)
	return s.push
}

func (s *broadcaster[T]) push(v T) error {
	s.t.op = s.op
	if s.batch == nil {
		s.batch = &broadcastBatch[T]{bytes: s.t.bytes, limit: s.t.portion(s.x.Number, 0, exchangeRecords)}
	}
	r := sent[T]{v: v, ts: s.t.ts, origin: s.t.origin, raw: txn.Record{Partition: txn.AnyPartition}}
	if s.x.Raw {
		r.raw = s.t.rawRecord()
	}
	s.batch.records = append(s.batch.records, r)
	if len(s.batch.records) < s.batch.limit && s.t.bytes-s.batch.bytes < exchangeBytes {
		return nil
	}
	return s.flush()
}

func (s *broadcaster[T]) flush() error {
	b := s.batch
	if b == nil {
		return nil
	}
	s.batch = nil
	b.bytes = s.t.bytes - b.bytes
	for target := range max(s.t.env.Parallelism, 1) {
		if err := s.t.env.Send(s.x.Number, target, b); err != nil {
			return err
		}
	}
	return nil
}

// Receive is the end of an exchange in the stage behind it. The state of the stage has no key while a record of it is at work.
func (x *BroadcastExchange[T]) Receive(t *Task, build func() Push[T]) Receiver {
	op := t.operator(x.UID)
	next := build()
	return Receiver{Batch: x.receive(t, op, next), Topic: x.receiveTopic(t, op, next)}
}

func (x *BroadcastExchange[T]) receive(t *Task, op int32, next Push[T]) func(b Batch) error {
	return func(received Batch) (err error) {
		defer t.rescue(&err)
		b, ok := received.(*broadcastBatch[T])
		if !ok {
			return fmt.Errorf("operator %q: %w (%T)", x.UID, errForeignBatch, received)
		}
		t.keyless()
		t.atWork = true
		t.taken += len(b.records)
		share := b.bytes / max(len(b.records), 1)
		for i := range b.records {
			r := &b.records[i]
			t.op, t.ts, t.origin, t.raw = op, r.ts, r.origin, rawOf(&r.raw)
			t.bytes += share
			if err := next(r.v); err != nil {
				return err
			}
		}
		t.atWork, t.raw = false, nil
		return nil
	}
}

// keyless leaves the task's state without a key.
func (t *Task) keyless() {
	if t.env.State != nil {
		t.env.State.ClearKey()
	}
}
