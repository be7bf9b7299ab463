package state

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Range calls fn with the entries of the current key's map in the order of their encoded keys, until it returns false. fn may use all
// handles, but not SetKey: an entry that it deletes is not shown any more, one that it puts may be shown or not.
func (m *Map[K, V]) Range(fn func(k K, v V) bool) error {
	return m.walk(nil, nil, m.shower(fn))
}

// Between is Range for the entries whose encoded keys are not below that of from, and below that of to.
func (m *Map[K, V]) Between(from, to K, fn func(k K, v V) bool) error {
	lower, err := m.keys.Append(nil, from)
	if err != nil {
		return m.table.fail(m.table.store.key, fmt.Errorf("map key: codec %s: %w", m.keys.Name(), err))
	}
	upper, err := m.keys.Append(nil, to)
	if err != nil {
		return m.table.fail(m.table.store.key, fmt.Errorf("map key: codec %s: %w", m.keys.Name(), err))
	}
	if bytes.Compare(lower, upper) >= 0 {
		return nil
	}
	return m.walk(lower, upper, m.shower(fn))
}

// shower shows the entries of a walk that are alive to fn.
func (m *Map[K, V]) shower(fn func(k K, v V) bool) func(c *mapCell[V], key, value []byte) (more bool, err error) {
	return func(c *mapCell[V], key, value []byte) (bool, error) {
		suffix := key[len(m.table.store.key):]
		k, err := m.keys.Decode(suffix)
		if err != nil {
			return false, m.table.fail(key, err)
		}
		if m.ttl != nil {
			if alive, err := m.fresh(k); err != nil || !alive {
				return err == nil, err
			}
		}
		if c != nil {
			return fn(k, c.value.value), nil
		}
		v, _, err := m.codec.decode(value)
		if err != nil {
			return false, m.table.fail(key, err)
		}
		return fn(k, v), nil
	}
}

// Clear empties the current key's map. It costs a deletion per entry.
func (m *Map[K, V]) Clear() error {
	m.table.store.touched++
	if m.ttl != nil {
		if err := m.stamps.Clear(); err != nil {
			return err
		}
	}
	n := len(m.table.store.key)
	return m.walk(nil, nil, func(c *mapCell[V], key, _ []byte) (bool, error) {
		if c == nil {
			var err error
			if c, err = m.locate(key, n, overwrite); err != nil {
				return false, err
			}
			c.flags |= known | stored | present
		}
		m.remove(c)
		return true, nil
	})
}

// walk visits what the current key's map holds, in order: map keys from lower on and below upper, if that is not nil. visit gets the cell
// of an entry, or its value in the backend if it has none.
func (m *Map[K, V]) walk(lower, upper []byte, visit func(c *mapCell[V], key, value []byte) (more bool, err error)) error {
	s := m.table.store
	if !s.keyed {
		return m.table.fail(nil, ErrNoKey)
	}
	if s.pins == 0 {
		m.prune()
	}
	// A cell that is evicted, or its slot used again, would be missed or taken for another one.
	s.pins++
	defer func() { s.pins-- }()
	m.table.address(s.key)
	first, end := append(slices.Clone(s.key), lower...), prefixEnd(s.key)
	if upper != nil {
		end = append(slices.Clone(s.key), upper...)
	}
	// The cells are listed before the backend is read: what is applied in between is then seen in one of the two at least.
	w := walker[K, V]{m: m, cells: m.sorted(string(first[headLen:]), string(end[headLen:])), visit: visit, more: true}
	err := s.backend.Scan(first, end, w.entry)
	for err == nil && w.err == nil && w.more && len(w.cells) > 0 {
		w.next()
	}
	if err != nil {
		return m.table.fail(s.key, err)
	}
	return w.err
}

// prune lets go of the current key's cells that say what the backend says as well: that there is nothing. A map that entries pass through,
// in at one end and out at the other, would else be looked through among more and more of them.
func (m *Map[K, V]) prune() {
	s := m.table.store
	applied := s.applied.Load()
	for c := m.cells(); c != nil; {
		next := m.numbered(c.value.next)
		if c.flags&(present|dirty) == 0 && c.seal <= applied {
			m.table.evict(c)
		}
		c = next
	}
}

// cells is the first of the current key's.
func (m *Map[K, V]) cells() *mapCell[V] {
	record := m.table.store.key[headLen:]
	return m.first(record, hashOf(record))
}

// sorted are the cells of the current key from first on and below end, as they are now.
func (m *Map[K, V]) sorted(first, end string) (cells []*mapCell[V]) {
	for c := m.cells(); c != nil; c = m.numbered(c.value.next) {
		if first <= c.key && c.key < end {
			cells = append(cells, c)
		}
	}
	slices.SortFunc(cells, func(a, b *mapCell[V]) int { return cmp.Compare(a.key, b.key) })
	return cells
}

// walker merges the cells with the backend's entries. Where both have a key, the cell is right.
type walker[K, V any] struct {
	m     *Map[K, V]
	cells []*mapCell[V]
	visit func(c *mapCell[V], key, value []byte) (more bool, err error)
	more  bool
	err   error
}

// entry takes the backend's next one; before it come the cells that sort before it.
func (w *walker[K, V]) entry(key, value []byte) bool {
	suffix := key[headLen:]
	for w.more && w.err == nil && len(w.cells) > 0 && w.cells[0].key < string(suffix) {
		w.next()
	}
	if !w.more || w.err != nil {
		return false
	}
	if len(w.cells) > 0 && w.cells[0].key == string(suffix) {
		w.next()
	} else if c := w.m.table.lookup(suffix, hashOf(suffix)); c == nil || c.is(present) {
		// A cell that isn't listed was made by fn while walking: this is its turn, unless fn deleted it.
		w.more, w.err = w.visit(c, key, value)
	}
	return w.more && w.err == nil
}

func (w *walker[K, V]) next() {
	c := w.cells[0]
	w.cells = w.cells[1:]
	if c.is(present) {
		w.more, w.err = w.visit(c, w.m.table.entryKey(c), nil)
	}
}
