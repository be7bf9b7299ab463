package state

import "fmt"

// Map is a map per key. Each of its entries is one in the backend, under the key followed by the encoded map key. Who owns what is as
// with Value.
type Map[K, V any] struct {
	table *table[mapped[V]]
	keys  Codec[K]
	codec sized[V]
	// maps holds the cells of each record key that has any, for iteration; by the form of the key that cells have.
	maps map[string]*cellSet[V]

	ttl    *expiry // nil: entries live for ever
	stamps *Map[K, int64]
}

type (
	mapCell[V any] = cell[mapped[V]]
	// mapped is a map's value and where its cell stands in the set of its record key.
	mapped[V any] struct {
		value V
		set   *cellSet[V]
		index int
	}
	cellSet[V any] struct {
		key   string
		cells []*mapCell[V]
	}
)

// NewMap opens the map called name of the operator uid. Iteration goes by the bytes that keys makes.
func NewMap[K, V any](s *Store, uid, name string, keys Codec[K], c Codec[V], opts ...HandleOption) (*Map[K, V], error) {
	d := Descriptor{UID: uid, Name: name, Kind: KindMap, MapKeyCodec: keys.Name(), ValueCodec: c.Name(), Schema: schemaOf(c)}
	o, err := s.register(d, opts)
	if err != nil {
		return nil, err
	}
	m := &Map[K, V]{table: newTable[mapped[V]](s, o.Descriptor), keys: keys, codec: newSized(c), maps: make(map[string]*cellSet[V])}
	m.table.decode = func(b []byte) (mapped[V], int, error) {
		v, size, err := m.codec.decode(b)
		return mapped[V]{value: v}, size, err
	}
	m.table.encode = m.encode
	m.table.evicted = m.forget
	m.table.extra = 64 // its place in a set, and a set per record key
	if o.ttl != nil {
		return m, expireMap(s, m, *o.ttl)
	}
	return m, nil
}

// Get returns the value of k in the current key's map; false: there is none.
func (m *Map[K, V]) Get(k K) (V, bool, error) {
	c, err := m.cell(k, true)
	if err != nil {
		var none V
		return none, false, err
	}
	if m.ttl != nil && c.is(present) {
		alive, err := m.fresh(k)
		if err != nil || !alive {
			var none V
			return none, false, err
		}
		if c, err = m.cell(k, true); err != nil { // looking at the stamp may have evicted it
			var none V
			return none, false, err
		}
	}
	return c.value.value, c.is(present), nil
}

// Put sets k in the current key's map.
func (m *Map[K, V]) Put(k K, v V) error {
	m.table.store.touched++
	c, err := m.cell(k, false)
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
	c, err := m.cell(k, false)
	if err == nil {
		m.remove(c)
	}
	if err == nil && m.ttl != nil {
		return m.stamps.Delete(k)
	}
	return err
}

func (m *Map[K, V]) remove(c *mapCell[V]) {
	m.table.erase(c, mapped[V]{set: c.value.set, index: c.value.index})
}

// cell finds the cell of k. The key is put together behind the Store's own, in the same buffer.
func (m *Map[K, V]) cell(k K, load bool) (*mapCell[V], error) {
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
	c, err := m.locate(full, n, load)
	if err == nil {
		m.table.last = c
	}
	return c, err
}

// locate finds or makes the cell of an entry's key, of which the first n bytes are the record's.
func (m *Map[K, V]) locate(full []byte, n int, load bool) (*mapCell[V], error) {
	c, err := m.table.find(full, load)
	if err != nil || c.value.set != nil {
		return c, err
	}
	record := full[headLen:n]
	set, ok := m.maps[string(record)]
	if !ok {
		set = &cellSet[V]{key: string(record)}
		m.maps[set.key] = set
	}
	c.value.set, c.value.index = set, len(set.cells)
	set.cells = append(set.cells, c)
	return c, nil
}

// forget takes an evicted cell out of the set of its record key.
func (m *Map[K, V]) forget(c *mapCell[V]) {
	set, i := c.value.set, c.value.index
	last := len(set.cells) - 1
	set.cells[i] = set.cells[last]
	set.cells[i].value.index = i
	set.cells[last] = nil
	if set.cells = set.cells[:last]; last == 0 {
		delete(m.maps, set.key)
	}
}

func (m *Map[K, V]) encode(w *sealer, c *mapCell[V]) error {
	return sealValue(m.table, w, c, c.value.value, &m.codec)
}
