package state

import "fmt"

// Map is a map per key. Each of its entries is one in the backend, under the key followed by the encoded map key. Who owns what is as
// with Value.
type Map[K, V any] struct {
	table  *table[mapped[V]]
	keys   Codec[K]
	codec  sized[V]
	more   bool // a TTL, or copies: Get has more to do
	copies bool // Get lends them, see LendCopies
	// heads finds the first cell of each record key that has any; the others hang behind it, for iteration.
	heads index

	ttl    *expiry // nil: entries live for ever
	stamps *Map[K, int64]
}

type (
	mapCell[V any] = cell[mapped[V]]
	// mapped is a map's value, and its neighbours among the cells of its record key: their numbers plus 1, 0 for none.
	mapped[V any] struct {
		value      V
		next, prev uint32
		linked     bool
	}
)

// NewMap opens the map called name of the operator uid. Iteration goes by the bytes that keys makes.
func NewMap[K, V any](s *Store, uid, name string, keys Codec[K], c Codec[V], opts ...HandleOption) (*Map[K, V], error) {
	d := Descriptor{UID: uid, Name: name, Kind: KindMap, MapKeyCodec: keys.Name(), ValueCodec: c.Name(), Schema: SchemaOf(c)}
	o, err := s.register(d, opts)
	if err != nil {
		return nil, err
	}
	m := &Map[K, V]{table: newTable[mapped[V]](s, o.Descriptor), keys: keys, codec: newSized(c)}
	m.table.decode = func(b []byte) (mapped[V], int, error) {
		v, size, err := m.codec.decode(b)
		return mapped[V]{value: v}, size, err
	}
	m.table.encode = m.encode
	m.table.checks = o.checks
	m.table.evicted = m.forget
	m.table.extra = 16 // a place in heads
	if o.ttl != nil {
		return m, expireMap(s, m, *o.ttl)
	}
	return m, nil
}

// Get returns the value of k in the current key's map; false: there is none.
func (m *Map[K, V]) Get(k K) (V, bool, error) {
	c, err := m.cell(k, look)
	if c == nil {
		var none V
		return none, false, err
	}
	if m.more && c.is(present) {
		return m.lend(k, c)
	}
	return c.value.value, c.is(present), nil
}

// lend is the rest of Get for an entry that is there.
func (m *Map[K, V]) lend(k K, c *mapCell[V]) (none V, ok bool, err error) {
	if m.ttl != nil {
		if alive, err := m.fresh(k); err != nil || !alive {
			return none, false, err
		}
		if c, err = m.cell(k, change); err != nil { // looking at the stamp may have evicted it
			return none, false, err
		}
	}
	if m.copies && c.is(present) {
		return m.lendCopy(c)
	}
	return c.value.value, c.is(present), nil
}

// Put sets k in the current key's map.
func (m *Map[K, V]) Put(k K, v V) error {
	if err := check(m.table, &m.codec, v); err != nil {
		return err
	}
	m.table.store.touched++
	c, err := m.cell(k, overwrite)
	if err != nil {
		return err
	}
	c.value.value = m.codec.own(v)
	size := m.codec.size(v, int(c.size))
	m.table.wrote(c, size, size)
	if m.ttl != nil {
		return m.stamp(k)
	}
	return nil
}

// Delete removes k from the current key's map.
func (m *Map[K, V]) Delete(k K) error {
	m.table.store.touched++
	c, err := m.cell(k, overwrite)
	if err == nil {
		m.remove(c)
	}
	if err == nil && m.ttl != nil {
		return m.stamps.Delete(k)
	}
	return err
}

func (m *Map[K, V]) remove(c *mapCell[V]) {
	none := c.value
	var zero V
	none.value = zero
	m.table.erase(c, none)
}

// cell finds the cell of k. The key is put together behind the Store's own, in the same buffer.
func (m *Map[K, V]) cell(k K, to access) (*mapCell[V], error) {
	s := m.table.store
	if !s.keyed {
		return nil, m.table.fail(nil, ErrNoKey)
	}
	n := len(s.key)
	full, err := m.keys.Append(s.key, k)
	if err != nil {
		return nil, m.table.fail(s.key, fmt.Errorf("map key: codec %s: %w", m.keys.Name(), err))
	}
	s.key = full[:n]
	// A read followed by a write of the same entry, most often: comparing is cheaper than hashing.
	if c := m.table.last; c != nil && c.key == string(full[headLen:]) && c.group == s.group {
		return c, nil
	}
	c, err := m.locate(full, n, to)
	if c != nil {
		m.table.last = c
	}
	return c, err
}

// locate finds or makes the cell of an entry's key, of which the first n bytes are the record's.
func (m *Map[K, V]) locate(full []byte, n int, to access) (*mapCell[V], error) {
	c, err := m.table.find(full, to)
	if c != nil && !c.value.linked {
		m.link(c, full[headLen:n])
	}
	return c, err
}

func (m *Map[K, V]) encode(w *sealer, c *mapCell[V]) error {
	return sealValue(m.table, w, c, c.value.value, &m.codec)
}
