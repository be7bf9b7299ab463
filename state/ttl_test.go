package state_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// mortal is a value in the model, with the time of its last use.
type mortal struct {
	v    string
	used int64
}

// Whatever is set, read, swept, sealed and thrown away, values are there until they expire, and not a moment longer. What has
// expired leaves nothing in the backend after a full sweep.
func TestTTLAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const groups, after = 8, 10
		backend := memory.New()
		reg, _ := state.NewRegistry(nil)
		now := int64(1000)
		onRead := rapid.Bool().Draw(t, "on read")
		clock := func() int64 { return now }
		ttl := state.WithTTL(state.TTL{After: after * time.Millisecond, OnRead: onRead, Now: clock, Stamp: clock})
		check := func(err error) {
			if err != nil {
				t.Helper()
				t.Fatal(err)
			}
		}
		var (
			s     *state.Store
			value *state.Value[string]
			table *state.Map[string, string]
		)
		open := func() {
			var err error
			s = state.NewStore(backend, reg, state.Options{CacheBytes: 1}) // evict whatever can be
			value, err = state.NewValue(s, "op", "value", state.String{}, ttl)
			check(err)
			table, err = state.NewMap(s, "op", "map", state.String{}, state.String{}, ttl)
			check(err)
		}
		open()
		have, committed, seq := map[string]mortal{}, map[string]mortal{}, uint64(0) // by key, or key and map key
		alive := func(id string) (mortal, bool) {
			m, ok := have[id]
			return m, ok && m.used+after > now
		}
		key := rapid.SampledFrom([]string{"a", "b", "c"})
		setKey := func(t *rapid.T) string {
			k := key.Draw(t, "key")
			s.SetKey(state.KeyGroup([]byte(k), groups), []byte(k))
			return k
		}
		got := func(id, v string, ok bool, err error) {
			check(err)
			want, alive := alive(id)
			if ok != alive || ok && v != want.v {
				t.Fatalf("%s at %d: %q, %v; want %+v, %v", id, now, v, ok, want, alive)
			}
			if ok && onRead {
				have[id] = mortal{v, now}
			}
		}
		commit := func() {
			seq++
			entries, err := s.Seal(seq)
			check(err)
			check(backend.Apply(entries, fmt.Sprint(seq)))
			s.Applied(seq)
			committed = maps.Clone(have)
		}
		t.Repeat(map[string]func(*rapid.T){
			"time":   func(t *rapid.T) { now += rapid.Int64Range(0, 7).Draw(t, "by") },
			"commit": func(*rapid.T) { commit() },
			"abort": func(*rapid.T) {
				open()
				have = maps.Clone(committed)
			},
			"sweep": func(t *rapid.T) {
				check(s.Sweep(0, groups, rapid.IntRange(1, 5).Draw(t, "limit"), func() {}))
			},
			"set": func(t *rapid.T) {
				k, v := setKey(t), rapid.StringN(0, 2, -1).Draw(t, "value")
				check(value.Set(v))
				have[k] = mortal{v, now}
			},
			"get": func(t *rapid.T) {
				k := setKey(t)
				v, ok, err := value.Get()
				got(k, v, ok, err)
			},
			"clear": func(t *rapid.T) {
				k := setKey(t)
				check(value.Clear())
				delete(have, k)
			},
			"put": func(t *rapid.T) {
				k, mk, v := setKey(t), key.Draw(t, "map key"), rapid.StringN(0, 2, -1).Draw(t, "value")
				check(table.Put(mk, v))
				have[k+"/"+mk] = mortal{v, now}
			},
			"get entry": func(t *rapid.T) {
				k, mk := setKey(t), key.Draw(t, "map key")
				v, ok, err := table.Get(mk)
				got(k+"/"+mk, v, ok, err)
			},
			"range": func(t *rapid.T) {
				k, n := setKey(t), 0
				check(table.Range(func(mk, v string) bool {
					n++
					got(k+"/"+mk, v, true, nil)
					return true
				}))
				for _, mk := range []string{"a", "b", "c"} {
					if _, ok := alive(k + "/" + mk); ok {
						n--
					}
				}
				if n != 0 {
					t.Fatalf("%d entries too many", n)
				}
			},
			"clear map": func(t *rapid.T) {
				k := setKey(t)
				check(table.Clear())
				for _, mk := range []string{"a", "b", "c"} {
					delete(have, k+"/"+mk)
				}
			},
			"all expires": func(t *rapid.T) {
				commit()
				now += after
				for range 20 {
					check(s.Sweep(0, groups, 3, func() {}))
				}
				commit()
				check(backend.Scan(nil, nil, func(k, v []byte) bool {
					t.Fatalf("left: %q = %q", k, v)
					return false
				}))
			},
		})
	})
}

// A state that gets a TTL later on begins to expire when it is next met.
func TestTTLOfOldState(t *testing.T) {
	backend, reg := memory.New(), newRegistry(t)
	s := state.NewStore(backend, reg, state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(t, err)
	s.SetKey(0, []byte("k"))
	must(t, v.Set(7))
	must(t, backend.Apply(seal(t, s, 1), "1"))
	now := int64(0)
	clock := func() int64 { return now }
	s = state.NewStore(backend, reg, state.Options{})
	v, err = state.NewValue(s, "op", "v", state.Int64{}, state.WithTTL(state.TTL{After: time.Second, Now: clock, Stamp: clock}))
	must(t, err)
	s.SetKey(0, []byte("k"))
	for _, step := range []struct {
		at    int64
		alive bool
	}{{5000, true}, {5999, true}, {6000, false}, {6001, false}} {
		now = step.at
		if n, ok, err := v.Get(); err != nil || ok != step.alive || ok && n != 7 {
			t.Fatalf("at %d: %d, %v, %v", now, n, ok, err)
		}
	}
}

// States that fold expire as values do, and begin anew.
func TestTTLOfFoldedStates(t *testing.T) {
	s := state.NewStore(memory.New(), newRegistry(t), state.Options{})
	now := int64(0)
	clock := func() int64 { return now }
	ttl := state.WithTTL(state.TTL{After: time.Second, Now: clock, Stamp: clock})
	sum := func(acc, in int64) int64 { return acc + in }
	r, err := state.NewReducing(s, "op", "r", state.Int64{}, sum, ttl)
	must(t, err)
	a, err := state.NewAggregating(s, "op", "a", state.Int64{}, state.Aggregation[int64, int64, int64]{
		New: func() int64 { return 0 }, Add: sum, Result: func(acc int64) int64 { return acc },
	}, ttl)
	must(t, err)
	s.SetKey(0, []byte("k"))
	for _, step := range []struct {
		at     int64
		before int64 // 0: nothing
	}{{0, 0}, {999, 1}, {1998, 2}, {2998, 0}, {3000, 1}} {
		now = step.at
		reduced, some, err := r.Get()
		must(t, err)
		result, any, err := a.Get()
		must(t, err)
		if reduced != step.before || result != step.before || some != (step.before > 0) || any != some {
			t.Fatalf("at %d: %d, %v and %d, %v; want %d", now, reduced, some, result, any, step.before)
		}
		_, err = r.Add(1)
		must(t, err)
		must(t, a.Add(1))
	}
}
