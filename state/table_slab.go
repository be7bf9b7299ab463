package state

// sweepSteps is how many cells one insertion looks at in each table, at most, when room is short.
const sweepSteps = 16

// take finds a free slot.
func (t *table[T]) take() *cell[T] {
	if n := len(t.free); n > 0 {
		c := t.free[n-1]
		t.free = t.free[:n-1]
		return c
	}
	if t.slots == len(t.slabs)*slabCells {
		t.slabs = append(t.slabs, make([]cell[T], slabCells))
	}
	t.slots++
	return t.slot(t.slots - 1)
}

func (t *table[T]) slot(i int) *cell[T] { return &t.slabs[i/slabCells][i%slabCells] }

// release empties a slot.
func (t *table[T]) release(c *cell[T]) {
	*c = cell[T]{}
	t.free = append(t.free, c)
}

// sweep is the clock: a cell that was used since the last round gets another one. What is dirty, or sealed and not known to be applied,
// must stay: the backend can't answer for it yet.
func (t *table[T]) sweep(applied uint64) (useful bool) {
	for range min(sweepSteps, t.slots) {
		t.hand = (t.hand + 1) % t.slots
		c := t.slot(t.hand)
		if c.flags&(live|dirty) != live || c.seal > applied {
			continue
		}
		useful = true
		if c.is(used) {
			c.flags &^= used
			continue
		}
		t.evict(c)
		if t.store.cacheBytes <= t.store.opts.CacheBytes {
			break
		}
	}
	return useful
}

func (t *table[T]) evict(c *cell[T]) {
	if t.evicted != nil {
		t.evicted(c)
	}
	if t.last == c {
		t.last, t.turn = nil, noTurn
	}
	t.store.cacheBytes -= t.cost(c)
	delete(t.cells, c.key)
	t.release(c)
}
