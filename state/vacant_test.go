package state_test

import (
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// Where a state has nothing in a key group, a read costs no look into the backend beyond the first, and no memory.
func TestVacantGroupsAreNotRead(t *testing.T) {
	b := &counting{Backend: memory.New()}
	s := newStore(t, b, state.Options{})
	v := openValue(t, s)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	must(t, err)
	for i := range 1000 {
		setKey(s, fmt.Sprint(i))
		_, ok, err := v.Get()
		must(t, err)
		_, in, err := m.Get("k")
		must(t, err)
		if ok || in {
			t.Fatalf("key %d: there is something", i)
		}
	}
	if b.gets > 0 || s.CacheBytes() > 0 || s.Dirty() {
		t.Errorf("%d reads, %d bytes", b.gets, s.CacheBytes())
	}
}

// A group stops being vacant with the first value that is sealed in it, though the backend is asked before that is applied, and the value is
// evicted after.
func TestVacantGroupIsOccupiedBySealing(t *testing.T) {
	for _, asked := range []bool{true, false} {
		b := memory.New()
		s := newStore(t, b, state.Options{CacheBytes: 1})
		v := openValue(t, s)
		get := func(key string) (ok bool) {
			t.Helper()
			s.SetKey(7, []byte(key))
			_, ok, err := v.Get()
			must(t, err)
			return ok
		}
		if asked && get("a") {
			t.Fatal("a is there")
		}
		s.SetKey(7, []byte("a"))
		must(t, v.Set(1))
		entries := seal(t, s, 1)
		if get("b") {
			t.Error("b is there")
		}
		must(t, b.Apply(entries, "1"))
		s.Applied(1)
		for i := range 100 { // evicts
			get(fmt.Sprint("c", i))
		}
		if !get("a") {
			t.Errorf("asked %v: a is lost", asked)
		}
	}
}

// A value of a vacant group that comes and goes within an epoch has nothing to be written.
func TestComingAndGoingInVacantGroup(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v := openValue(t, s)
	setKey(s, "k")
	_, _, err := v.Get()
	must(t, err)
	must(t, v.Set(1))
	must(t, v.Clear())
	if entries := seal(t, s, 1); len(entries) > 0 {
		t.Errorf("%d entries", len(entries))
	}
}
