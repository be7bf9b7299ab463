package state

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

const (
	present uint8 = 1 << iota // there is a value
	dirty                     // differs from what was sealed last
	used                      // looked up since the clock's hand last passed
	live                      // the slot is taken
	known                     // it is known what backend and sealed entries hold: …
	stored                    // … a value; else none
	gone                      // on the list of what was deleted
)

// cell is what the overlay knows of one key. While it is in its table, it alone says what the value is.
type cell[T any] struct {
	value   T
	key     string // an entry's key after group and state id
	seal    uint64 // the last Seal that wrote it, 0 for none
	size    int32  // about what value takes up beside the cell itself
	pending int32  // about what the next Seal will write of it
	number  uint32 // in the slabs
	group   uint16
	flags   uint8
}

func (c *cell[T]) is(flag uint8) bool { return c.flags&flag != 0 }

// table holds the cells of one state. Cells live in slabs, so that a new key costs little, and are found by an index.
type table[T any] struct {
	store *Store
	desc  Descriptor
	index index
	dirty []*cell[T] // each cell with the flag once
	gone  []uint32   // cells that were deleted, the first to go (evict_gone.go)

	groups []occupancy // of key groups (vacant.go)

	last *cell[T] // of the key set at turn
	turn uint64

	slabs [][]cell[T] // slabCells each
	slots int         // how many were ever taken
	free  []uint32

	decode  func(b []byte) (value T, size int, err error)
	encode  func(w *sealer, c *cell[T]) error
	evicted func(c *cell[T]) // may be nil
	extra   int              // what else a cell costs
	checks  bool             // see WithChecks
}

const (
	slabCells = 128
	// indexCost is about what the index, and rounding up the key's size, take up per cell.
	indexCost = 24
	noTurn    = math.MaxUint64
)

func newTable[T any](s *Store, d Descriptor) *table[T] {
	t := &table[T]{store: s, desc: d, turn: noTurn}
	s.tables = append(s.tables, t)
	return t
}

func (t *table[T]) name() Descriptor { return t.desc }

// cost is about what a cell takes up in memory.
func (t *table[T]) cost(c *cell[T]) int64 {
	return int64(int(unsafe.Sizeof(*c)) + indexCost + t.extra + len(c.key) + int(c.size))
}

// access is what a cell is wanted for.
type access uint8

const (
	overwrite access = iota // without looking: a key that isn't in the table is not read from the backend
	change
	look // and no more: there may be no cell for a value that isn't there
)

// current is the cell of the current key itself.
func (t *table[T]) current(to access) (*cell[T], error) {
	if t.turn == t.store.turn {
		return t.last, nil
	}
	return t.turnTo(to)
}

func (t *table[T]) turnTo(to access) (*cell[T], error) {
	if !t.store.keyed {
		return nil, t.fail(nil, ErrNoKey)
	}
	c, err := t.find(t.store.key, to)
	if c != nil {
		t.last, t.turn = c, t.store.turn
	}
	return c, err
}

// find is the cell of an entry's key, of which the state's id may be anything.
func (t *table[T]) find(key []byte, to access) (*cell[T], error) {
	hash := hashOf(key[headLen:])
	c := t.lookup(key[headLen:], hash)
	if c == nil {
		return t.meet(key, hash, to)
	}
	if c.group != t.store.group {
		return nil, t.fail(key, fmt.Errorf("used in key group %d and in %d: a key has one", c.group, t.store.group))
	}
	c.flags |= used
	return c, nil
}

// lookup is the cell with this key and its hash; nil if there is none.
func (t *table[T]) lookup(key []byte, hash uint32) *cell[T] {
	if t.index.taken == 0 {
		return nil
	}
	for i := hash; ; i++ {
		p := *t.index.at(i)
		if p.cell == 0 {
			return nil
		}
		if p.hash == hash {
			if c := t.slot(int(p.cell - 1)); c.key == string(key) {
				return c
			}
		}
	}
}

// meet makes the cell of a key that isn't in the table, if one is needed.
func (t *table[T]) meet(key []byte, hash uint32, to access) (*cell[T], error) {
	absent, err := t.vacant(t.store.group, to != overwrite)
	if err != nil || absent && to == look {
		return nil, err
	}
	t.store.makeRoom()
	c := t.take()
	c.key, c.group, c.flags = string(key[headLen:]), t.store.group, live|used
	switch {
	case absent:
		c.flags |= known
	case to != overwrite:
		if err := t.fetch(key, c); err != nil {
			t.release(c)
			return nil, err
		}
	}
	t.index.add(hash, c.number)
	t.store.cacheBytes += t.cost(c)
	return c, nil
}

// fetch reads a cell that has never been in the table or was evicted: either way the backend holds its last committed value.
func (t *table[T]) fetch(key []byte, c *cell[T]) error {
	s := t.store
	t.address(key)
	b, ok, err := s.backend.Get(key, s.scratch[:0])
	if err != nil {
		return t.fail(key, err)
	}
	c.flags |= known
	if !ok {
		return nil
	}
	s.scratch = b[:0]
	value, size, err := t.decode(b)
	if err != nil {
		return t.fail(key, err)
	}
	c.value, c.size = value, clamp(size)
	c.flags |= present | stored
	return nil
}

// address fills in the state's id.
func (t *table[T]) address(key []byte) { binary.BigEndian.PutUint16(key[2:], t.desc.ID) }

// wrote books that the caller has changed c's value: it now takes up size bytes, and pending of them are to be sealed.
func (t *table[T]) wrote(c *cell[T], size, pending int) {
	t.book(c, size, pending)
	c.flags |= present
	t.touch(c)
}

func (t *table[T]) book(c *cell[T], size, pending int) {
	to, of := clamp(size), clamp(pending)
	t.store.cacheBytes += int64(to - c.size)
	t.store.dirtyBytes += int64(of - c.pending)
	c.size, c.pending = to, of
}

// clamp makes a size fit into a cell.
func clamp(n int) int32 { return int32(min(n, math.MaxInt32)) }

// touch puts c on the list of what Seal has to write.
func (t *table[T]) touch(c *cell[T]) {
	if c.is(dirty) {
		return
	}
	c.flags |= dirty
	t.dirty = append(t.dirty, c)
	t.store.dirtyCells++
	t.store.dirtyBytes += int64(int(unsafe.Sizeof(*c)) + len(c.key))
}

// erase deletes c's value; none is what it is to hold instead. A key that is known to be absent everywhere needs no write.
func (t *table[T]) erase(c *cell[T], none T) {
	t.book(c, 0, 0)
	c.value = none
	if c.flags&(present|dirty) == 0 && c.is(known) {
		return
	}
	c.flags &^= present
	t.touch(c)
}

// entryKey is the key of c's entry in the backend.
func (t *table[T]) entryKey(c *cell[T]) []byte {
	key := binary.BigEndian.AppendUint16(nil, c.group)
	return append(binary.BigEndian.AppendUint16(key, t.desc.ID), c.key...)
}

// fail names the state and the key in an error.
func (t *table[T]) fail(key []byte, err error) error {
	t.store.touched++
	return failure(t.desc, key, err)
}

func failure(d Descriptor, key []byte, err error) error {
	return fmt.Errorf("%s: %w", spot(d, key), err)
}

// spot is a state and a key in words.
func spot(d Descriptor, key []byte) string {
	_, _, record, suffix, err := SplitKey(key)
	switch {
	case err != nil:
		return "state " + d.label()
	case len(suffix) > 0:
		return fmt.Sprintf("state %s, key %s, entry %s", d.label(), excerpt(record), excerpt(suffix))
	}
	return fmt.Sprintf("state %s, key %s", d.label(), excerpt(record))
}
