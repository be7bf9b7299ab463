package state

// take finds a free slot.
func (t *table[T]) take() *cell[T] {
	if n := len(t.free); n > 0 {
		c := t.slot(int(t.free[n-1]))
		t.free = t.free[:n-1]
		return c
	}
	if t.slots == len(t.slabs)*slabCells {
		t.slabs = append(t.slabs, make([]cell[T], slabCells))
	}
	c := t.slot(t.slots)
	c.number = uint32(t.slots)
	t.slots++
	t.store.eviction.slots++
	return c
}

func (t *table[T]) slot(i int) *cell[T] { return &t.slabs[i/slabCells][i%slabCells] }

// release empties a slot.
func (t *table[T]) release(c *cell[T]) {
	*c = cell[T]{number: c.number}
	t.free = append(t.free, c.number)
}
