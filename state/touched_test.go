package state_test

import (
	"errors"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// Whatever changes state is counted before it does, and so is an access that fails; a look that succeeds is not.
func TestTouched(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err1 := state.NewValue(s, "op", "v", state.Int64{})
	l, err2 := state.NewList(s, "op", "l", state.Int64{})
	m, err3 := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	r, err4 := state.NewReducing(s, "op", "r", state.Int64{}, func(acc, in int64) int64 {
		if in < 0 {
			panic("no")
		}
		return acc + in
	})
	tm, err5 := state.NewTimers(s, "op", "t")
	a, err6 := state.NewAggregating(s, "op", "a", state.JSON[[]int]{}, state.Aggregation[int, []int, int]{
		New: func() []int { return []int{0} },
		Add: func(acc []int, in int) []int {
			if acc[0]++; in < 0 {
				panic("no")
			}
			return acc
		},
		Result: func(acc []int) int { return acc[0] },
	})
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Get(); err == nil || s.Touched() == 0 {
		t.Errorf("an access without a key: %v, %d touches", err, s.Touched())
	}
	s.SetKey(1, []byte("k"))
	_, _ = r.Add(1)
	_ = a.Add(1)
	for name, change := range map[string]func(){
		"value set": func() { _ = v.Set(1) }, "value clear": func() { _ = v.Clear() },
		"list add": func() { _ = l.Add(1) }, "list set": func() { _ = l.Set([]int64{1}) }, "list clear": func() { _ = l.Clear() },
		"map put": func() { _ = m.Put("a", 1) }, "map delete": func() { _ = m.Delete("a") }, "map clear": func() { _ = m.Clear() },
		"reducing add":       func() { _, _ = r.Add(1) },
		"reducing panics":    func() { defer func() { _ = recover() }(); _, _ = r.Add(-1) },
		"aggregating add":    func() { _ = a.Add(1) },
		"aggregating panics": func() { defer func() { _ = recover() }(); _ = a.Add(-1) },
		"timer set":          func() { _ = tm.Set(state.EventTime, 1, nil) }, "timer delete": func() { _ = tm.Delete(state.EventTime, 1, nil) },
	} {
		before := s.Touched()
		if change(); s.Touched() == before {
			t.Errorf("%s is not counted", name)
		}
	}
	before := s.Touched()
	_, _, _ = v.Get()
	_, _ = l.Get()
	_, _, _ = m.Get("a")
	_ = m.Range(func(string, int64) bool { return true })
	_, _, _ = r.Get()
	_, _, _ = a.Get()
	if s.Touched() != before {
		t.Error("a look is counted")
	}
}

// What has expired goes when it is met, which is no change by whoever has met it. Prolonging a life is one.
func TestTouchedByExpiry(t *testing.T) {
	now := int64(1000)
	clock := func() int64 { return now }
	s := newStore(t, memory.New(), state.Options{})
	short := state.WithTTL(state.TTL{After: time.Second, Now: clock, Stamp: clock})
	v, err1 := state.NewValue(s, "op", "v", state.Int64{}, short)
	m, err2 := state.NewMap(s, "op", "m", state.String{}, state.Int64{}, short)
	read, err3 := state.NewValue(s, "op", "r", state.Int64{}, state.WithTTL(state.TTL{After: time.Second, OnRead: true, Now: clock, Stamp: clock}))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	s.SetKey(1, []byte("k"))
	if err := errors.Join(v.Set(1), m.Put("a", 1), read.Set(1)); err != nil {
		t.Fatal(err)
	}
	now += 500
	before := s.Touched()
	if _, ok, err := read.Get(); !ok || err != nil || s.Touched() == before {
		t.Errorf("prolonging a life is not counted: %v, %v", ok, err)
	}
	now, before = now+2000, s.Touched()
	for range 2 {
		_, ok1, err1 := v.Get()
		_, ok2, err2 := m.Get("a")
		if err := errors.Join(err1, err2); ok1 || ok2 || err != nil || s.Touched() != before {
			t.Errorf("got %v, %v, %v, %d touches", ok1, ok2, err, s.Touched()-before)
		}
	}
}
