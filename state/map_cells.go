package state

import (
	"encoding/binary"
)

// The cells of a record key are a list, doubly linked by number. Its head alone is in an index, so that a map of one entry, as most keys have in a
// window, costs a place there and no more.

// first is the head of a record key's cells; nil if it has none.
func (m *Map[K, V]) first(record []byte, hash uint32) *mapCell[V] {
	if m.heads.taken == 0 {
		return nil
	}
	for i := hash; ; i++ {
		p := *m.heads.at(i)
		if p.cell == 0 {
			return nil
		}
		if p.hash == hash {
			if c := m.numbered(p.cell); len(c.key) >= len(record) && c.key[:len(record)] == string(record) {
				return c
			}
		}
	}
}

// numbered is a cell by its number plus 1; nil for 0.
func (m *Map[K, V]) numbered(n uint32) *mapCell[V] {
	if n == 0 {
		return nil
	}
	return m.table.slot(int(n - 1))
}

// link puts a cell in the list of its record key: second, since the index knows the first.
func (m *Map[K, V]) link(c *mapCell[V], record []byte) {
	c.value.linked = true
	hash := hashOf(record)
	head := m.first(record, hash)
	if head == nil {
		m.heads.add(hash, c.number)
		return
	}
	if next := m.numbered(head.value.next); next != nil {
		next.value.prev = c.number + 1
	}
	c.value.next, c.value.prev = head.value.next, head.number+1
	head.value.next = c.number + 1
}

// forget takes an evicted cell out of its list.
func (m *Map[K, V]) forget(c *mapCell[V]) {
	next, prev := m.numbered(c.value.next), m.numbered(c.value.prev)
	if next != nil {
		next.value.prev = c.value.prev
	}
	if prev != nil {
		prev.value.next = c.value.next
		return
	}
	hash := hashOfString(recordOf(c.key))
	m.heads.remove(hash, c.number)
	if next != nil {
		m.heads.add(hash, next.number)
	}
}

// recordOf is the part of a cell's key that is the record's.
func recordOf(key string) string {
	n, used := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
	return key[:used+int(n)]
}
