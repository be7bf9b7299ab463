package state

import (
	"cmp"
	"slices"
)

// Range calls fn with the entries of the current key's map in the order of their encoded keys, until it returns false. fn may use all
// handles, but not SetKey: an entry that it deletes is not shown any more, one that it puts may be shown or not.
func (m *Map[K, V]) Range(fn func(k K, v V) bool) error {
	return m.walk(func(c *mapCell[V], key, value []byte) (bool, error) {
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
	})
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
	return m.walk(func(c *mapCell[V], key, _ []byte) (bool, error) {
		if c == nil {
			var err error
			if c, err = m.locate(key, n, false); err != nil {
				return false, err
			}
			c.flags |= known | stored | present
		}
		m.remove(c)
		return true, nil
	})
}

// walk visits what the current key's map holds, in order: visit gets the cell of an entry, or its value in the backend if it has
// none.
func (m *Map[K, V]) walk(visit func(c *mapCell[V], key, value []byte) (more bool, err error)) error {
	s := m.table.store
	if s.turn == 0 {
		return m.table.fail(nil, ErrNoKey)
	}
	// A cell that is evicted, or its slot used again, would be missed or taken for another one.
	s.pins++
	defer func() { s.pins-- }()
	// The cells are listed before the backend is read: what is applied in between is then seen in one of the two at least.
	w := walker[K, V]{m: m, cells: m.sorted(), visit: visit, more: true}
	m.table.address(s.key)
	lower := slices.Clone(s.key)
	err := s.backend.Scan(lower, prefixEnd(lower), w.entry)
	for err == nil && w.err == nil && w.more && len(w.cells) > 0 {
		w.next()
	}
	if err != nil {
		return m.table.fail(lower, err)
	}
	return w.err
}

// sorted are the cells of the current key, as they are now.
func (m *Map[K, V]) sorted() []*mapCell[V] {
	set, ok := m.maps[string(m.table.store.key[headLen:])]
	if !ok {
		return nil
	}
	cells := slices.Clone(set.cells)
	slices.SortFunc(cells, func(a, b *mapCell[V]) int { return cmp.Compare(a.key, b.key) })
	return cells
}

// walker merges the cells with the backend's entries. Where both have a key, the cell is right.
type walker[K, V any] struct {
	m     *Map[K, V]
	cells []*mapCell[V]
	visit func(c *mapCell[V], key, value []byte) (bool, error)
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
