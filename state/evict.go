package state

// sweepSteps is how many cells one insertion looks at in each table, at most, when room is short.
const sweepSteps = 16

// eviction is where the search for something to evict stands.
type eviction struct {
	slots int // of all tables
	table int // whose turn it is
	idle  int // cells looked at since one was met that may go
	// After a round that met none, rest insertions may pass before the next one, or something must be applied.
	rest   int
	restAt uint64

	dice uint64
}

// random is a number below n, from a linear congruential generator: good enough for picking, and the same in every run.
func (e *eviction) random(n int) int {
	e.dice = e.dice*6364136223846793005 + 1442695040888963407
	return int((e.dice >> 33) % uint64(n))
}

// makeRoom evicts until the cache is within its bounds, or until a bounded search finds nothing more. A caller must not hold a cell
// over it.
func (s *Store) makeRoom() {
	if s.cacheBytes <= s.opts.CacheBytes || s.pins > 0 {
		return
	}
	e, applied, useful := &s.eviction, s.applied.Load(), false
	if e.rest > 0 && e.restAt == applied {
		e.rest--
		return
	}
	for _, t := range s.tables {
		t.evictGone(applied)
	}
	if s.cacheBytes <= s.opts.CacheBytes {
		return
	}
	for range s.tables {
		e.table = (e.table + 1) % len(s.tables)
		useful = s.tables[e.table].sweep(applied) || useful
		if s.cacheBytes <= s.opts.CacheBytes {
			break
		}
	}
	if useful {
		e.idle, e.rest = 0, 0
		return
	}
	// Resting earlier would not do: one bad spot, such as that of all the new and so dirty cells, says nothing of the others.
	if e.idle += sweepSteps; e.idle >= e.slots {
		e.idle, e.rest, e.restAt = 0, e.slots/4, applied
	}
}

// sweep is a clock whose hand jumps: it looks at a few neighbours somewhere. A cell that was used since it was last looked at gets
// another chance. Going round in order would evict each key just before it is needed when keys come round in order, too. What is
// dirty, or sealed and not known to be applied, must stay: the backend can't answer for it yet.
func (t *table[T]) sweep(applied uint64) (useful bool) {
	if t.slots == 0 {
		return false
	}
	hand := t.store.eviction.random(t.slots)
	for range min(sweepSteps, t.slots) {
		if hand++; hand == t.slots {
			hand = 0
		}
		c := t.slot(hand)
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
	t.index.remove(hashOfString(c.key), c.number)
	t.release(c)
}
