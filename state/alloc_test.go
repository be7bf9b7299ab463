package state_test

import (
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// The hot path: keys that are in the overlay already, written in this epoch or not.
func TestHotPathDoesNotAllocate(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v := openValue(t, s)
	text, err := state.NewValue(s, "op", "text", state.String{})
	must(t, err)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Float64{})
	must(t, err)
	l, err := state.NewList(s, "op", "l", state.Int64{})
	must(t, err)
	r, err := state.NewReducing(s, "op", "r", state.Int64{}, func(a, b int64) int64 { return a + b })
	must(t, err)
	keys, groups := benchKeys(100)
	i := 0
	next := func() {
		i = (i + 1) % len(keys)
		s.SetKey(groups[i], keys[i])
	}
	touch := func() {
		next()
		n, _, _ := v.Get()
		_ = v.Set(n + 1)
		_ = text.Set("constant")
		f, _, _ := m.Get("field")
		_ = m.Put("field", f+1)
		_, _, _ = m.Get("other")
		_, _ = l.Get()
		_, _ = r.Add(1)
		_ = s.DirtyBytes()
	}
	for range 2 * len(keys) {
		touch()
	}
	seal(t, s, 1) // key groups are not vacant any more: what is absent has a cell as well
	for range len(keys) {
		touch()
	}
	if n := testing.AllocsPerRun(1000, touch); n != 0 {
		t.Errorf("dirty keys: %v allocations", n)
	}
	// Clean ones: the list of dirty cells has its size from the epoch before.
	for seq := range uint64(3) {
		seal(t, s, seq+2)
		if n := testing.AllocsPerRun(len(keys)-1, touch); n != 0 {
			t.Errorf("clean keys: %v allocations", n)
		}
		for range len(keys) {
			touch()
		}
	}
	if n := testing.AllocsPerRun(1000, func() { next(); _, _, _ = v.Get() }); n != 0 {
		t.Errorf("reading: %v allocations", n)
	}
}

// A new key costs its key's copy and its share of a slab, of the map and of the list of dirty ones.
func TestNewKeysAmortise(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v := openValue(t, s)
	keys, groups := benchKeys(200_000)
	i := 0
	if n := testing.AllocsPerRun(len(keys)-1, func() {
		s.SetKey(groups[i], keys[i])
		n, _, _ := v.Get()
		_ = v.Set(n + 1)
		i++
	}); n > 1 {
		t.Errorf("%v allocations per new key", n)
	}
}
