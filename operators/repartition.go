package operators

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// What the value of a record in a repartition topic begins with. Its key is the encoded key.
const (
	repartitionRecord byte = 1 // then the timestamp (varint) and the encoded value
	repartitionMark   byte = 2 // then watermark (varint), idle (a byte) and sender
)

// Mark is a record in a repartition topic that says how far event time has come in one of the tasks that write to it: behind all
// records that came before.
type Mark struct {
	Sender    string
	Watermark int64
	Idle      bool
}

// Append appends the value of the mark's record.
func (m Mark) Append(dst []byte) []byte {
	dst = binary.AppendVarint(append(dst, repartitionMark), m.Watermark)
	idle := byte(0)
	if m.Idle {
		idle = 1
	}
	return append(append(dst, idle), m.Sender...)
}

// ReadMark reads the value of a record in a repartition topic; ok is false if it is no mark.
func ReadMark(value []byte) (m Mark, ok bool, err error) {
	if len(value) == 0 || value[0] != repartitionMark {
		return Mark{}, false, nil
	}
	wm, n := binary.Varint(value[1:])
	rest := value[1+max(n, 0):]
	if n <= 0 || len(rest) < 2 || rest[0] > 1 {
		return Mark{}, false, errMalformed
	}
	return Mark{Sender: string(rest[1:]), Watermark: wm, Idle: rest[0] == 1}, true, nil
}

var errMalformed = errors.New("a record of a repartition topic is not of the form that this version writes: did something else write to it, or a newer version?")

// sendTopic is the end of an exchange that writes to a repartition topic: a record's partition follows from its key group as its task
// would in memory.
func (x *Exchange[K, T]) sendTopic(t *Task, topic string) Push[T] {
	op, out := t.operator(x.UID), &Output{}
	groups, parallelism := t.env.MaxParallelism, t.env.Parallelism
	return func(v T) (err error) {
		t.op = op
		out.Key, out.Value, out.Headers, out.Timestamp = nil, nil, nil, 0
		if out.Key, err = x.Codec.Append(out.Buf(), x.Key(v)); err != nil {
			return t.fail(op, fmt.Errorf("key: %w", err))
		}
		out.Value = binary.AppendVarint(append(out.Buf(), repartitionRecord), t.ts)
		if out.Value, err = x.Values.Append(out.Value, v); err != nil {
			return t.fail(op, fmt.Errorf("value: %w", err))
		}
		out.settle()
		out.Partition = int32(state.TaskFor(state.KeyGroup(out.Key, groups), parallelism, groups))
		return t.out.add(topic, out)
	}
}

// receiveTopic is the other end: it takes batches of a partition of the repartition topic, without marks.
func (x *Exchange[K, T]) receiveTopic(t *Task, op int32, key *K, next Push[T]) func(b *txn.Batch) error {
	store, groups := t.env.State, t.env.MaxParallelism
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		t.batch = b
		for i := range b.Records {
			r := &b.Records[i]
			t.op, t.index = op, i
			v, err := x.read(t, r, key)
			if err != nil {
				return t.fail(op, err)
			}
			t.bytes += len(r.Key) + len(r.Value)
			if store != nil {
				store.SetKey(state.KeyGroup(r.Key, groups), r.Key)
			}
			if t.lag.on {
				ts := t.ts
				if err := t.catchUp(); err != nil {
					return err
				}
				t.op, t.ts = op, ts
			}
			if err := next(v); err != nil {
				return err
			}
		}
		t.batch = nil
		return nil
	}
}

// read decodes a record and puts its key and timestamp in their places.
func (x *Exchange[K, T]) read(t *Task, r *txn.Record, key *K) (v T, err error) {
	if len(r.Value) == 0 || r.Value[0] != repartitionRecord {
		return v, errMalformed
	}
	ts, n := binary.Varint(r.Value[1:])
	if n <= 0 {
		return v, errMalformed
	}
	t.ts = ts
	if *key, err = x.Codec.Decode(r.Key); err != nil {
		return v, fmt.Errorf("key: %w", err)
	}
	if v, err = x.Values.Decode(r.Value[1+n:]); err != nil {
		return v, fmt.Errorf("value: %w", err)
	}
	return v, nil
}
