package operators

import "github.com/weirstream/weir/txn"

// Source decodes the records of a batch, with Topic and Partition filled in, and pushes the values.
func Source[T any](t *Task, uid string, decode func(r *txn.Record) (T, error), next Push[T]) func(b *txn.Batch) error {
	op := t.operator(uid)
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		t.batch = b
		topic, partition := b.Partition.Topic, b.Partition.ID
		for i := range b.Records {
			r := &b.Records[i]
			r.Topic, r.Partition = topic, partition
			t.op, t.index, t.ts = op, i, r.Timestamp
			t.bytes += len(r.Key) + len(r.Value)
			v, err := decode(r)
			if err != nil {
				return t.fail(op, err)
			}
			if err := next(v); err != nil {
				return err
			}
		}
		t.batch = nil // the batch goes back to the client
		return nil
	}
}
