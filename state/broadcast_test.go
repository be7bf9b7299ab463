package state_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// Whatever all tasks put and delete, each of them has all of the map, in order; so has every task of any later parallelism, and an
// abort takes everybody back to what was committed. Each key group has a copy.
func TestBroadcastAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const groups = 6
		backend := memory.New()
		reg, _ := state.NewRegistry(nil)
		check := func(err error) {
			if err != nil {
				t.Helper()
				t.Fatal(err)
			}
		}
		var (
			stores []*state.Store
			copies []*state.Broadcast[string, []byte]
		)
		open := func(parallelism int) {
			stores, copies = nil, nil
			for task := range parallelism {
				s := state.NewStore(backend, reg, state.Options{})
				b, err := state.NewBroadcast(s, "op", "rules", state.String{}, state.Bytes{})
				check(err)
				check(b.Load(state.GroupRange(task, parallelism, groups)))
				stores, copies = append(stores, s), append(copies, b)
			}
		}
		open(1)
		have, committed, seq := map[string]string{}, map[string]string{}, uint64(0)
		key := rapid.StringN(0, 2, -1)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), rapid.StringN(0, 3, -1).Draw(t, "value")
				mine := []byte(v)
				for _, b := range copies {
					check(b.Put(k, mine))
				}
				clear(mine) // Bytes are copied
				have[k] = v
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				for _, b := range copies {
					check(b.Delete(k))
				}
				delete(have, k)
			},
			"commit": func(*rapid.T) {
				seq++
				var all [][]state.Entry
				for _, s := range stores {
					entries, err := s.Seal(seq)
					check(err)
					if s.DirtyBytes() != 0 || s.Dirty() {
						t.Fatal("dirty after a seal")
					}
					all = append(all, entries)
				}
				check(backend.Apply(state.Merge(all...), fmt.Sprint(seq)))
				committed = maps.Clone(have)
				n := 0
				check(backend.Scan(nil, nil, func(_, _ []byte) bool { n++; return true }))
				if n != groups*len(have) {
					t.Fatalf("%d entries in the backend, want %d for each of %d groups", n, len(have), groups)
				}
			},
			"open": func(t *rapid.T) {
				open(rapid.IntRange(1, groups+1).Draw(t, "parallelism"))
				have = maps.Clone(committed)
			},
			"": func(t *rapid.T) {
				for task, b := range copies {
					if task == groups {
						continue // it has no key groups, and need not know
					}
					got, last := map[string]string{}, ""
					b.Range(func(k string, v []byte) bool {
						if len(got) > 0 && k <= last {
							t.Fatalf("%q after %q", k, last)
						}
						got[k], last = string(v), k
						return true
					})
					if !maps.Equal(got, have) {
						t.Fatalf("task %d of %d has %q, want %q", task, len(copies), got, have)
					}
					k := key.Draw(t, "asked for")
					v, ok, err := b.Get(k)
					check(err)
					if want, there := have[k]; ok != there || string(v) != want {
						t.Fatalf("%q is %q, %v", k, v, ok)
					}
				}
			},
		})
	})
}

func TestBroadcastRefusesTTL(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	if _, err := state.NewBroadcast(s, "op", "b", state.String{}, state.Int64{}, state.WithTTL(state.TTL{After: time.Second})); err == nil {
		t.Fatal("no error")
	}
}

// Without a key no handle gives what belongs to the one before.
func TestClearKey(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Int64{})
	must(t, err)
	m, err := state.NewMap(s, "op", "m", state.String{}, state.Int64{})
	must(t, err)
	s.SetKey(1, []byte("k"))
	must(t, v.Set(7))
	must(t, m.Put("a", 8))
	s.ClearKey()
	_, _, valueErr := v.Get()
	_, _, mapErr := m.Get("a")
	for _, err := range []error{valueErr, mapErr, v.Set(1), m.Put("a", 1), m.Clear(), m.Between("a", "b", nil)} {
		if !errors.Is(err, state.ErrNoKey) {
			t.Error(err)
		}
	}
	s.SetKey(1, []byte("k"))
	if n, ok, err := v.Get(); n != 7 || !ok || err != nil {
		t.Fatal(n, ok, err)
	}
}
