package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

// List is a list per key. In the backend each element is an entry of its own, under the key followed by its index (8 bytes,
// big-endian), and the key alone holds their number (uvarint): Add writes one element, however long the list is.
//
// Who owns an element is as with Value.
type List[T any] struct {
	table *table[list[T]]
	codec sized[T]

	ttl    *expiry // nil: elements live for ever
	stamps *List[int64]
}

// list is a key's list. Elements below base are not in memory; they are in the backend, because a cell is only made (and base
// only set) while the backend has all of the key that was ever sealed.
type list[T any] struct {
	base   uint64
	items  []T    // from base on
	stored uint64 // how many elements backend and sealed entries have; none above them
	clean  uint64 // elements below are the same there as here
}

func (l *list[T]) count() uint64 { return l.base + uint64(len(l.items)) }

// NewList opens the list called name of the operator uid.
func NewList[T any](s *Store, uid, name string, c Codec[T], opts ...HandleOption) (*List[T], error) {
	d, err := s.register(Descriptor{UID: uid, Name: name, Kind: KindList, ValueCodec: c.Name(), Schema: SchemaOf(c)}, opts)
	if err != nil {
		return nil, err
	}
	l := &List[T]{table: newTable[list[T]](s, d.Descriptor), codec: newSized(c)}
	l.table.decode = decodeCount[T]
	l.table.encode = l.encode
	l.table.checks = d.checks
	if d.ttl != nil {
		return l, expireList(s, l, *d.ttl)
	}
	return l, nil
}

func decodeCount[T any](b []byte) (list[T], int, error) {
	n, used := binary.Uvarint(b)
	if used != len(b) || used == 0 || n == 0 {
		return list[T]{}, 0, decodeError("list length", b, errors.New("want a uvarint above 0"))
	}
	return list[T]{base: n, stored: n, clean: n}, 0, nil
}

// Add appends to the current key's list.
func (l *List[T]) Add(value T) error {
	if err := check(l.table, &l.codec, value); err != nil {
		return err
	}
	l.table.store.touched++
	if l.ttl != nil {
		if err := l.stampNext(); err != nil {
			return err
		}
	}
	c, err := l.table.current(change)
	if err != nil {
		return err
	}
	c.value.items = append(c.value.items, l.codec.own(value))
	size := l.itemSize(value)
	l.table.wrote(c, int(c.size)+size, int(c.pending)+size)
	return nil
}

// Get returns the current key's list in the order of adding, nil if it is empty. It must not be changed; it stays as it is when the
// list changes.
func (l *List[T]) Get() ([]T, error) {
	if l.ttl != nil {
		return l.alive(true)
	}
	return l.all()
}

func (l *List[T]) all() ([]T, error) {
	c, err := l.table.current(change)
	if err != nil {
		return nil, err
	}
	if c.value.base > 0 {
		if err := l.fetch(c); err != nil {
			return nil, err
		}
	}
	return slices.Clip(c.value.items), nil
}

// Set replaces the current key's list. The slice is copied.
func (l *List[T]) Set(values []T) error {
	if err := check(l.table, &l.codec, values...); err != nil {
		return err
	}
	l.table.store.touched++
	if len(values) == 0 {
		return l.Clear()
	}
	if l.ttl != nil {
		if err := l.stampAll(len(values)); err != nil {
			return err
		}
	}
	return l.replace(values)
}

func (l *List[T]) replace(values []T) error {
	c, err := l.table.current(change)
	if err != nil {
		return err
	}
	c.value = list[T]{items: make([]T, 0, len(values)), stored: c.value.stored}
	size := 0
	for _, v := range values {
		c.value.items = append(c.value.items, l.codec.own(v))
		size += l.itemSize(v)
	}
	l.table.wrote(c, size, size)
	return nil
}

// Clear empties the current key's list.
func (l *List[T]) Clear() error {
	l.table.store.touched++
	c, err := l.table.current(change)
	if err == nil {
		l.table.erase(c, list[T]{stored: c.value.stored})
	}
	if err == nil && l.ttl != nil {
		return l.stamps.Clear()
	}
	return err
}

func (l *List[T]) itemSize(v T) int { return int(unsafe.Sizeof(v)) + l.codec.size(v, 0) }

// fetch reads the elements below base.
func (l *List[T]) fetch(c *cell[list[T]]) error {
	var (
		prefix = l.table.entryKey(c)
		lower  = elementKey(prefix, 0)
		upper  = elementKey(prefix, c.value.base)
		want   = slices.Clone(lower)
		items  = make([]T, 0, c.value.count())
		size   int
		failed error
	)
	err := l.table.store.backend.Scan(lower, upper, func(key, value []byte) bool {
		binary.BigEndian.PutUint64(want[len(prefix):], uint64(len(items)))
		if !bytes.Equal(key, want) {
			failed = l.table.fail(key, fmt.Errorf("element %d is missing", len(items)))
			return false
		}
		v, _, err := l.codec.decode(value)
		if err != nil {
			failed = l.table.fail(key, err)
			return false
		}
		items = append(items, v)
		size += l.itemSize(v)
		return true
	})
	switch {
	case err != nil:
		return l.table.fail(prefix, err)
	case failed != nil:
		return failed
	case uint64(len(items)) != c.value.base:
		return l.table.fail(prefix, fmt.Errorf("%d of %d elements found", len(items), c.value.base))
	}
	c.value.items, c.value.base = append(items, c.value.items...), 0
	l.table.book(c, int(c.size)+size, int(c.pending))
	return nil
}

func elementKey(prefix []byte, index uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clip(prefix), index)
}

// encode writes the elements that are new, deletes those that are too many, and writes the number.
func (l *List[T]) encode(w *sealer, c *cell[list[T]]) error {
	v := &c.value
	count, key := v.count(), []byte(nil)
	for i := v.clean; i < count; i++ {
		w.begin(c.key, binary.BigEndian.AppendUint64(key[:0], i))
		b, err := l.codec.Append(w.buf, v.items[i-v.base])
		if err != nil {
			return fmt.Errorf("codec %s, element %d: %w", l.codec.Name(), i, err)
		}
		l.codec.learn(0, len(b)-w.mid)
		if err := w.end(b); err != nil {
			return err
		}
	}
	for i := count; i < v.stored; i++ {
		w.delete(c.key, binary.BigEndian.AppendUint64(key[:0], i))
	}
	had := v.stored
	v.stored, v.clean = count, count
	return l.encodeCount(w, c, count, had)
}

func (l *List[T]) encodeCount(w *sealer, c *cell[list[T]], count, had uint64) error {
	switch {
	case count > 0:
		w.begin(c.key, nil)
		return w.end(binary.AppendUvarint(w.buf, count))
	case had > 0:
		w.delete(c.key, nil)
	}
	return nil
}
