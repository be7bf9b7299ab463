package operators

import (
	"fmt"

	"github.com/weirstream/weir/txn"
)

// Receiver is the end of an exchange in the stage behind it: it takes what came through memory, or through a repartition topic.
type Receiver struct {
	Batch func(b Batch) error
	Topic func(b *txn.Batch) error
}

// Receive makes the end of an exchange in the stage behind it. build makes the chain that it feeds, with the key at hand: all exchanges in
// front of a stage have keys of one type.
func (x *Exchange[K, T]) Receive(t *Task, build func() Push[T]) Receiver {
	key, ok := t.key.(*K)
	if !ok {
		key = new(K)
		t.key = key
	}
	op := t.operator(x.UID)
	next := build()
	return Receiver{Batch: x.receive(t, op, key, next), Topic: x.receiveTopic(t, op, key, next)}
}

func (x *Exchange[K, T]) receive(t *Task, op int32, key *K, next Push[T]) func(b Batch) error {
	store := t.env.State
	return func(received Batch) (err error) {
		defer t.rescue(&err)
		b, ok := received.(*keyedBatch[K, T])
		if !ok {
			return fmt.Errorf("operator %q: %w (%T)", x.UID, errForeignBatch, received)
		}
		t.atWork, t.raw = true, nil
		t.taken += len(b.records)
		begin, share := uint32(0), b.bytes/max(len(b.records), 1)
		for i := range b.records {
			r := &b.records[i]
			t.op, t.ts, t.origin = op, r.ts, r.origin
			if len(b.raws) > 0 {
				t.raw = rawOf(&b.raws[i])
			}
			t.bytes += share
			*key = r.k
			if store != nil {
				store.SetKey(r.group, b.keys[begin:r.end])
			}
			begin = r.end
			if t.lag.on {
				if err := t.catchUp(); err != nil {
					return err
				}
			}
			if err := next(r.v); err != nil {
				return err
			}
		}
		t.atWork, t.raw = false, nil
		x.recycle(b)
		return nil
	}
}

// rawOf is a source record that came through an exchange; nil if there is none.
func rawOf(r *txn.Record) *txn.Record {
	if r.Partition == txn.AnyPartition {
		return nil
	}
	return r
}
