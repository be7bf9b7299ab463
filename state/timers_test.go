package state_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/state/pebble"
)

// alarm is a timer in the model.
type alarm struct {
	key    string
	domain state.Domain
	at     int64
	ns     string
}

// alarms are those that are set; false: they are deferred.
type alarms map[alarm]bool

func (a alarms) clone() alarms {
	c := alarms{}
	for k, due := range a {
		c[k] = due
	}
	return c
}

// resumed is the same with none deferred.
func (a alarms) resumed() alarms {
	c := alarms{}
	for k := range a {
		c[k] = true
	}
	return c
}

// earliest is the time of the first timer of a domain.
func (a alarms) earliest(d state.Domain) (at int64, ok bool) {
	for k, due := range a {
		if k.domain == d && due && (!ok || k.at < at) {
			at, ok = k.at, true
		}
	}
	return at, ok
}

const timerGroups = 8

func openTimers(t interface{ Fatal(...any) }, b state.Backend, reg *state.Registry, from, to uint16) (*state.Store, *state.Timers) {
	s := state.NewStore(b, reg, state.Options{})
	timers, err := state.NewTimers(s, "op", "timers")
	if err == nil {
		err = timers.Load(from, to)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, timers
}

// Whatever is set, deleted and taken, sealed, applied late or thrown away, a set of timers is what comes out, in the order of time.
func TestTimersAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		backend := memory.New()
		reg, _ := state.NewRegistry(nil)
		s, timers := openTimers(t, backend, reg, 0, timerGroups)
		now, committed := alarms{}, alarms{}
		seq, deferring := uint64(0), false
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		domain := rapid.SampledFrom([]state.Domain{state.ProcessingTime, state.EventTime})
		draw := func() alarm {
			return alarm{rapid.SampledFrom([]string{"", "a", "b", "ab", strings.Repeat("long", 50)}).Draw(t, "key"), domain.Draw(t, "domain"),
				rapid.Int64Range(-3, 5).Draw(t, "at"), rapid.SampledFrom([]string{"", "n", "nn"}).Draw(t, "namespace")}
		}
		setKey := func(k string) { s.SetKey(state.KeyGroup([]byte(k), timerGroups), []byte(k)) }
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				a := draw()
				setKey(a.key)
				check(timers.Set(a.domain, a.at, []byte(a.ns)))
				now[a] = now[a] || !deferring || a.domain == state.EventTime
			},
			"defer": func(*rapid.T) { timers.Defer(); deferring = true },
			"resume": func(*rapid.T) {
				timers.Resume()
				deferring = false
				now = now.resumed()
			},
			"delete": func(t *rapid.T) {
				a := draw()
				setKey(a.key)
				check(timers.Delete(a.domain, a.at, []byte(a.ns)))
				delete(now, a)
			},
			"take": func(t *rapid.T) {
				d, until := domain.Draw(t, "domain"), rapid.Int64Range(-4, 6).Draw(t, "now")
				first, any := now.earliest(d)
				due, ok := timers.Take(d, until)
				if ok != (any && first <= until) {
					t.Fatalf("take until %d: %v, the first is at %d, %v", until, ok, first, any)
				}
				if ok {
					a := alarm{string(due.Key), due.Domain, due.At, string(due.Namespace)}
					if due.At != first || !now[a] {
						t.Fatalf("took %v, which is not set or not the first", a)
					}
					delete(now, a)
				}
			},
			"take of a key": func(t *rapid.T) {
				k, until := draw().key, rapid.Int64Range(1, 3).Draw(t, "until")
				setKey(k)
				ofKey := alarms{}
				for a := range now {
					if a.key == k {
						ofKey[a] = true
					}
				}
				first, any := ofKey.earliest(state.EventTime)
				due, ok := timers.TakeOf(until)
				if ok != (any && first <= until) {
					t.Fatalf("take of %q until %d: %v, the first is at %d, %v", k, until, ok, first, any)
				}
				if ok {
					a := alarm{string(due.Key), due.Domain, due.At, string(due.Namespace)}
					if due.At != first || !ofKey[a] {
						t.Fatalf("took %v, which is not set or not the first of %q", a, k)
					}
					delete(now, a)
				}
			},
			"end take of a key": func(*rapid.T) { timers.EndTakeOf() },
			"due": func(t *rapid.T) {
				d, until, limit := domain.Draw(t, "domain"), rapid.Int64Range(-4, 6).Draw(t, "now"), rapid.IntRange(1, 5).Draw(t, "limit")
				n := 0
				for a, due := range now {
					if a.domain == d && due && a.at <= until {
						n++
					}
				}
				if got := timers.Due(d, until, limit); got != min(n, limit) {
					t.Fatalf("%d of %d timers are due", got, n)
				}
			},
			"commit": func(t *rapid.T) {
				seq++
				entries, err := s.Seal(seq)
				check(err)
				check(backend.Apply(entries, fmt.Sprint(seq)))
				s.Applied(seq)
				committed = now.clone()
				checkEntries(t, backend, committed)
			},
			"abort": func(t *rapid.T) {
				s, timers = openTimers(t, backend, reg, 0, timerGroups)
				now, deferring = committed.resumed(), false
			},
			"rescale": func(t *rapid.T) { // another task has the other groups
				cut := uint16(rapid.IntRange(0, timerGroups).Draw(t, "cut"))
				_, low := openTimers(t, backend, reg, 0, cut)
				_, high := openTimers(t, backend, reg, cut, timerGroups)
				if low.Len()+high.Len() != len(committed) {
					t.Fatalf("%d and %d timers of %d", low.Len(), high.Len(), len(committed))
				}
			},
			"": func(t *rapid.T) {
				if timers.Len() != len(now) {
					t.Fatalf("%d timers, want %v", timers.Len(), now)
				}
				for _, d := range []state.Domain{state.ProcessingTime, state.EventTime} {
					at, ok := timers.Next(d)
					if want, any := now.earliest(d); ok != any || at != want {
						t.Fatalf("next is %d, %v; want %d, %v", at, ok, want, any)
					}
				}
			},
		})
	})
}

// checkEntries: the backend holds one entry for each timer, and nothing else.
func checkEntries(t *rapid.T, b state.Backend, want alarms) {
	n := 0
	if err := b.Scan(nil, nil, func(_, _ []byte) bool { n++; return true }); err != nil || n != len(want) {
		t.Fatalf("%d entries for %d timers (%v)", n, len(want), err)
	}
}

// Setting and deleting within an epoch leaves nothing to write and nothing in memory.
func TestTimersLeaveNothing(t *testing.T) {
	s, timers := openTimers(t, memory.New(), newRegistry(t), 0, timerGroups)
	for i := range 1000 {
		s.SetKey(0, []byte("k"))
		must(t, timers.Set(state.EventTime, int64(i), nil))
		must(t, timers.Delete(state.EventTime, int64(i), nil))
	}
	if s.Dirty() || s.DirtyBytes() != 0 {
		t.Fatalf("%d dirty bytes", s.DirtyBytes())
	}
	if entries, err := s.Seal(1); len(entries) > 0 || err != nil {
		t.Fatal(entries, err)
	}
}

func TestTimersErrors(t *testing.T) {
	_, timers := openTimers(t, memory.New(), newRegistry(t), 0, 1)
	if err := timers.Set(state.EventTime, 1, nil); err == nil || !strings.Contains(err.Error(), `"timers" of operator "op"`) {
		t.Fatal(err)
	}
	backend := memory.New()
	must(t, backend.Apply([]state.Entry{{Key: append(state.AppendKey(nil, 0, 1, []byte("k")), 9)}}, "1"))
	s := state.NewStore(backend, newRegistry(t), state.Options{})
	timers, err := state.NewTimers(s, "op", "timers")
	must(t, err)
	if err := timers.Load(0, 1); err == nil || !strings.Contains(err.Error(), "it is no timer") {
		t.Fatal(err)
	}
}

func newRegistry(t testing.TB) *state.Registry {
	t.Helper()
	reg, err := state.NewRegistry(nil)
	must(t, err)
	return reg
}

// BenchmarkMillionTimers sets a million timers of as many keys, seals them, loads them in the next life and takes them all. Run it
// alone, with -benchtime 1x.
func BenchmarkMillionTimers(b *testing.B) {
	const n = 1_000_000
	for name, spread := range map[string]int64{"own times": 7919, "one time": 0} {
		b.Run(name, func(b *testing.B) {
			keys, groups := benchKeys(n)
			for b.Loop() {
				backend, err := pebble.Open(b.TempDir(), pebble.Options{JobID: "bench"})
				must(b, err)
				reg := newRegistry(b)
				s, timers := openTimers(b, backend, reg, 0, state.DefaultMaxParallelism)
				start, heap := b.Elapsed(), heapInUse()
				for i := range keys {
					s.SetKey(groups[i], keys[i])
					must(b, timers.Set(state.EventTime, int64(i)*spread%n, nil))
				}
				lap(b, &start, n, "ns/set")
				b.ReportMetric((heapInUse()-heap)/n, "bytes/timer")
				entries := seal(b, s, 1)
				must(b, backend.Apply(entries, "1"))
				lap(b, &start, n, "ns/seal+apply")
				s, timers = openTimers(b, backend, reg, 0, state.DefaultMaxParallelism)
				lap(b, &start, n, "ns/load")
				taken := 0
				for _, ok := timers.Take(state.EventTime, n); ok; _, ok = timers.Take(state.EventTime, n) {
					taken++
				}
				lap(b, &start, n, "ns/take")
				if taken != n {
					b.Fatal(taken)
				}
				seal(b, s, 2)
				lap(b, &start, n, "ns/seal-deletions")
				must(b, backend.Close())
			}
		})
	}
}

// lap reports what a step took per timer.
func lap(b *testing.B, start *time.Duration, n int, unit string) {
	now := b.Elapsed()
	b.ReportMetric(float64(now-*start)/float64(n), unit)
	*start = now
}

func heapInUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
