package state_test

import (
	"errors"
	"testing"

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
