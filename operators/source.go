package operators

import (
	"errors"

	"github.com/weirstream/weir/txn"
)

// Source decodes the records of a batch, with Topic and Partition filled in, and pushes the values.
func Source[T any](t *Task, uid string, decode func(r *txn.Record) (T, error), next Push[T]) func(b *txn.Batch) error {
	op := t.operator(uid)
	var from *txn.Partition
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		if from == nil || *from != b.Partition {
			from = &txn.Partition{Topic: b.Partition.Topic, ID: b.Partition.ID}
		}
		t.atWork, t.origin.Partition = true, from
		topic, partition := b.Partition.Topic, b.Partition.ID
		for i := range b.Records {
			r := &b.Records[i]
			r.Topic, r.Partition = topic, partition
			t.op, t.ts, t.origin.Offset = op, r.Timestamp, r.Offset
			t.bytes += len(r.Key) + len(r.Value)
			if t.keepRaw {
				t.source = *r // decode may change the one that it gets
				t.raw = &t.source
			}
			v, err := decode(r)
			if err != nil {
				if errors.Is(err, errDealt) {
					continue
				}
				return t.fail(op, err)
			}
			if err := next(v); err != nil {
				return err
			}
		}
		t.atWork = false
		return nil
	}
}
