package stream

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Change is what happens to a table: its row Key has a new Value, or is Deleted. A table is a stream of changes that is keyed by the rows'
// keys: JoinTable and JoinTables keep what they come to.
type Change[K, V any] = operators.Change[K, V]

// Table reads topics as a table: the value of a record is that of the row with its key, and null deletes the row. The topics may be compacted.
// Options are those of the source; the KeyBy behind it has the source's uid with ".by_key" behind.
func Table[K, V any](job *Job, topics Subscription, key state.Codec[K], value state.Codec[V], opts ...Option) *Keyed[K, Change[K, V]] {
	changes := From(job, topics, Changes(key, value), opts...)
	var keyed []Option
	if uid := changes.flow().node.uid; uid != "" {
		keyed = append(keyed, UID(uid+".by_key"))
	}
	if key != nil && value != nil {
		keyed = append(keyed, Through[Change[K, V]](ChangeCodec[K, V]{key, value}))
	}
	return KeyByCodec(changes, func(c Change[K, V]) K { return c.Key }, key, keyed...)
}

// ChangeCodec keeps a change: a byte, 1 if the row is deleted, else 0; the key's length (uvarint) and the key; the value.
type ChangeCodec[K, V any] struct {
	Key   state.Codec[K]
	Value state.Codec[V]
}

// Name tells what keys and values are kept as.
func (c ChangeCodec[K, V]) Name() string { return "change:" + c.Key.Name() + ":" + c.Value.Name() }

// Append appends the change.
func (c ChangeCodec[K, V]) Append(dst []byte, change Change[K, V]) ([]byte, error) {
	key, err := c.Key.Append(nil, change.Key)
	if err != nil {
		return dst, fmt.Errorf("key: %w", err)
	}
	deleted := byte(0)
	if change.Deleted {
		deleted = 1
	}
	dst = append(binary.AppendUvarint(append(dst, deleted), uint64(len(key))), key...)
	if change.Deleted {
		return dst, nil
	}
	if dst, err = c.Value.Append(dst, change.Value); err != nil {
		return dst, fmt.Errorf("value: %w", err)
	}
	return dst, nil
}

// Decode reads it.
func (c ChangeCodec[K, V]) Decode(b []byte) (change Change[K, V], err error) {
	if len(b) < 2 || b[0] > 1 {
		return change, errors.New("a change of a table is malformed")
	}
	n, used := binary.Uvarint(b[1:])
	rest := b[1+max(used, 0):]
	if used <= 0 || n > uint64(len(rest)) {
		return change, errors.New("a change of a table is cut short")
	}
	change.Deleted = b[0] == 1
	if change.Key, err = c.Key.Decode(rest[:n]); err != nil {
		return change, fmt.Errorf("key: %w", err)
	}
	if change.Deleted {
		return change, nil
	}
	if change.Value, err = c.Value.Decode(rest[n:]); err != nil {
		return change, fmt.Errorf("value: %w", err)
	}
	return change, nil
}

// Changes decodes the records of a topic that is a table.
func Changes[K, V any](key state.Codec[K], value state.Codec[V]) Decode[Change[K, V]] {
	if key == nil || value == nil {
		return nil
	}
	return func(r *Record) (c Change[K, V], err error) {
		if c.Key, err = key.Decode(r.Key); err != nil {
			return c, fmt.Errorf("key: %w", err)
		}
		if c.Deleted = r.Value == nil; c.Deleted {
			return c, nil
		}
		if c.Value, err = value.Decode(r.Value); err != nil {
			return c, fmt.Errorf("value: %w", err)
		}
		return c, nil
	}
}

// AsChange writes the changes of a table: key and value, or null as the value of a row that is deleted.
func AsChange[K, V any](key state.Codec[K], value state.Codec[V]) Encode[Change[K, V]] {
	if key == nil || value == nil {
		return nil
	}
	return func(c Change[K, V], out *Output) (err error) {
		if out.Key, err = key.Append(out.Buf(), c.Key); err != nil {
			return fmt.Errorf("key: %w", err)
		}
		if c.Deleted {
			return nil
		}
		if out.Value, err = value.Append(out.Buf(), c.Value); err != nil {
			return fmt.Errorf("value: %w", err)
		}
		return nil
	}
}

// AsTable takes every record of a keyed stream for the new value of its key's row; ok false deletes the row. The results of an aggregation, for
// instance, can be joined as a table.
func AsTable[K, T, V any](s *Keyed[K, T], of func(v T) (value V, ok bool), opts ...Option) *Keyed[K, Change[K, V]] {
	in, n := after(s, "table", opts)
	n.need(of != nil, nilFunction)
	out := &Keyed[K, Change[K, V]]{out: &flow[Change[K, V]]{node: n}, codec: s.codec}
	in.feeds(func(b *builder) operators.Push[T] {
		g := n.guard(b)
		return operators.Guarded(g, operators.Changes[K](b.task, n.label(), of, out.held(b, g)))
	})
	return out
}
