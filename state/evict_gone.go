package state

// Cells whose value was deleted are the first to go when room is needed, in the order of their deletion: without a search among
// neighbours that must stay. What is deleted is mostly over, as a window that has fired is, and what isn't costs a look into the filters of
// the backend.

// goneSteps bounds how many one insertion evicts.
const goneSteps = 32

// bury puts a cell on the list, when it is sealed without a value.
func (t *table[T]) bury(c *cell[T]) {
	if c.is(gone) {
		return
	}
	if len(t.gone) > 2*t.slots {
		t.exhume()
	}
	c.flags |= gone
	t.gone = append(t.gone, c.number)
}

// exhume takes out of the list what has left the table since by another way; else the list could grow for ever.
func (t *table[T]) exhume() {
	kept := t.gone[:0]
	for _, n := range t.gone {
		if c := t.slot(int(n)); c.is(gone) {
			c.flags &^= gone // the slot may be listed twice
			kept = append(kept, n)
		}
	}
	t.gone = kept
	for _, n := range kept {
		t.slot(int(n)).flags |= gone
	}
}

// evictGone evicts what was deleted before Seal(applied) and is still so, until there is room.
func (t *table[T]) evictGone(applied uint64) {
	for range goneSteps {
		if len(t.gone) == 0 || t.store.cacheBytes <= t.store.opts.CacheBytes {
			return
		}
		c := t.slot(int(t.gone[0]))
		over := c.flags&(live|dirty|present) == live
		if over && c.seal > applied {
			return // and so are all behind it
		}
		t.gone = t.gone[1:]
		c.flags &^= gone
		if over {
			t.evict(c)
		}
	}
}
