package state_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// many sets n timers of one time, of as many keys in no order.
func many(t *testing.T, s *state.Store, timers *state.Timers, n int, at int64) {
	t.Helper()
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		key := fmt.Append(nil, i)
		s.SetKey(state.KeyGroup(key, timerGroups), key)
		must(t, timers.Set(state.ProcessingTime, at, []byte("ns")))
	}
}

// place is where a timer's key stands in a backend.
func place(due state.Due) []byte {
	return state.AppendKey(nil, state.KeyGroup(due.Key, timerGroups), 0, due.Key)
}

// Timers of one time come in the order of the backend, few or many, after a restart too.
func TestTimersOfOneTimeComeInOrder(t *testing.T) {
	for _, n := range []int{2, 100, 5000} {
		backend, reg := memory.New(), newRegistry(t)
		s, timers := openTimers(t, backend, reg, 0, timerGroups)
		many(t, s, timers, n, 7)
		entries, err := s.Seal(1)
		must(t, err)
		must(t, backend.Apply(entries, "1"))
		_, loaded := openTimers(t, backend, reg, 0, timerGroups)
		for _, timers := range []*state.Timers{timers, loaded} {
			var last []byte
			for range n {
				due, ok := timers.Take(state.ProcessingTime, 7)
				if !ok || bytes.Compare(last, place(due)) >= 0 {
					t.Fatalf("of %d: %q after %q, %v", n, place(due), last, ok)
				}
				last = place(due)
			}
			if timers.Len() > 0 {
				t.Fatalf("%d of %d are left", timers.Len(), n)
			}
		}
	}
}

// While many of one time fire, some of them are deleted, others set again, and earlier ones set: each that is set fires once, the earliest first.
func TestTimersChangeWhileManyFire(t *testing.T) {
	const n = 5000
	s, timers := openTimers(t, memory.New(), newRegistry(t), 0, timerGroups)
	many(t, s, timers, n, 7)
	set := map[alarm]bool{}
	for i := range n {
		set[alarm{fmt.Sprint(i), state.ProcessingTime, 7, "ns"}] = true
	}
	change := func(a alarm, to bool) {
		s.SetKey(state.KeyGroup([]byte(a.key), timerGroups), []byte(a.key))
		if to {
			must(t, timers.Set(a.domain, a.at, []byte(a.ns)))
		} else {
			must(t, timers.Delete(a.domain, a.at, []byte(a.ns)))
		}
		set[a] = to
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for step := 0; timers.Len() > 0; step++ {
		earliest, _ := timers.Next(state.ProcessingTime)
		due, ok := timers.Take(state.ProcessingTime, 7)
		if !ok {
			break
		}
		a := alarm{string(due.Key), due.Domain, due.At, string(due.Namespace)}
		if !set[a] || due.At != earliest {
			t.Fatalf("step %d: %v came, which is not set or not the first; that is at %d", step, a, earliest)
		}
		delete(set, a)
		key := fmt.Sprint(rng.IntN(n))
		switch at := []int64{3, 7, 9}[rng.IntN(3)]; {
		case step%3 == 0:
			change(alarm{key, state.ProcessingTime, 7, "ns"}, false)
		case step%3 == 1 && step < 2*n:
			change(alarm{key, state.ProcessingTime, at, "ns"}, true)
		}
		if step%1000 == 0 {
			_, err := s.Seal(uint64(step + 1))
			must(t, err)
		}
	}
	left := 0
	for a, is := range set {
		if is && a.at <= 7 {
			t.Errorf("%v never came", a)
		} else if is {
			left++
		}
	}
	if timers.Len() != left {
		t.Errorf("%d timers are left, want %d", timers.Len(), left)
	}
}

// The memory of many timers is given back when none is left, and less than 120 bytes are taken for each before.
func TestTimerMemory(t *testing.T) {
	const n = 200_000
	backend := memory.New()
	s, timers := openTimers(t, backend, newRegistry(t), 0, timerGroups)
	many(t, s, timers, n, 7)
	_, err := s.Seal(1)
	must(t, err)
	if each := s.TimerMemory() / n; each < 40 || each > 120 {
		t.Errorf("%d bytes for each timer", each)
	}
	for range n {
		timers.Take(state.ProcessingTime, 7)
	}
	_, err = s.Seal(2)
	must(t, err)
	if left := s.TimerMemory(); left > 0 {
		t.Errorf("%d bytes for no timer", left)
	}
	many(t, s, timers, 10, 8)
	var got []int64
	for due, ok := timers.Take(state.ProcessingTime, 8); ok; due, ok = timers.Take(state.ProcessingTime, 8) {
		got = append(got, due.At)
	}
	if !slices.Equal(got, slices.Repeat([]int64{8}, 10)) {
		t.Errorf("after that %v came", got)
	}
}
