package state_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// mortalList is a list with a TTL, against a model that keeps each element with the time of its last use.
type mortalList struct {
	t       *rapid.T
	backend *memory.Backend
	reg     *state.Registry
	store   *state.Store
	list    *state.List[string]
	ttl     state.TTL
	now     int64
	seq     uint64

	have, committed map[string][]mortal
}

const (
	mortalGroups = 8
	mortalAfter  = 10
)

func (m *mortalList) check(err error) {
	if err != nil {
		m.t.Helper()
		m.t.Fatal(err)
	}
}

func (m *mortalList) open() {
	var err error
	m.store = state.NewStore(m.backend, m.reg, state.Options{CacheBytes: 1}) // evict whatever can be
	m.list, err = state.NewList(m.store, "op", "list", state.String{}, state.WithTTL(m.ttl))
	m.check(err)
	m.have = maps.Clone(m.committed)
}

func (m *mortalList) commit() {
	m.seq++
	entries, err := m.store.Seal(m.seq)
	m.check(err)
	m.check(m.backend.Apply(entries, fmt.Sprint(m.seq)))
	m.store.Applied(m.seq)
	m.committed = maps.Clone(m.have)
}

func (m *mortalList) setKey(t *rapid.T) string {
	k := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	m.store.SetKey(state.KeyGroup([]byte(k), mortalGroups), []byte(k))
	return k
}

// alive is what the model has left of a list.
func (m *mortalList) alive(k string) []mortal {
	var left []mortal
	for _, e := range m.have[k] {
		if e.used+mortalAfter > m.now {
			left = append(left, e)
		}
	}
	return left
}

func (m *mortalList) get(k string) {
	got, err := m.list.Get()
	m.check(err)
	left := m.alive(k)
	var want []string
	for i, e := range left {
		want = append(want, e.v)
		if m.ttl.OnRead {
			left[i].used = m.now
		}
	}
	m.have[k] = left
	if !slices.Equal(got, want) {
		m.t.Fatalf("%s at %d: %q, want %q", k, m.now, got, want)
	}
}

func (m *mortalList) sweep(limit int) {
	m.check(m.store.Sweep(0, mortalGroups, limit, func() {}))
}

// Elements of a list are there until they expire, each by itself, whatever is added, read, swept, sealed and thrown away. What has
// expired leaves nothing in the backend after a full sweep.
func TestListTTLAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reg, _ := state.NewRegistry(nil)
		m := &mortalList{t: t, backend: memory.New(), reg: reg, now: 1000, committed: map[string][]mortal{}}
		clock := func() int64 { return m.now }
		m.ttl = state.TTL{After: mortalAfter * time.Millisecond, OnRead: rapid.Bool().Draw(t, "on read"), Now: clock, Stamp: clock}
		m.open()
		word := rapid.StringN(0, 2, -1)
		t.Repeat(map[string]func(*rapid.T){
			"time":   func(t *rapid.T) { m.now += rapid.Int64Range(0, 4).Draw(t, "by") },
			"commit": func(*rapid.T) { m.commit() },
			"abort":  func(*rapid.T) { m.open() },
			"sweep":  func(t *rapid.T) { m.sweep(rapid.IntRange(1, 5).Draw(t, "limit")) },
			"get":    func(t *rapid.T) { m.get(m.setKey(t)) },
			"add": func(t *rapid.T) {
				k, v := m.setKey(t), word.Draw(t, "v")
				m.check(m.list.Add(v))
				m.have[k] = append(slices.Clone(m.have[k]), mortal{v, m.now})
			},
			"set": func(t *rapid.T) {
				k, all := m.setKey(t), rapid.SliceOfN(word, 0, 4).Draw(t, "list")
				m.check(m.list.Set(all))
				m.have[k] = nil
				for _, v := range all {
					m.have[k] = append(m.have[k], mortal{v, m.now})
				}
			},
			"clear": func(t *rapid.T) {
				k := m.setKey(t)
				m.check(m.list.Clear())
				delete(m.have, k)
			},
			"all expires": func(*rapid.T) {
				m.commit()
				m.now += mortalAfter
				for range 200 {
					m.sweep(3)
				}
				m.commit()
				m.check(m.backend.Scan(nil, nil, func(k, v []byte) bool {
					m.t.Fatalf("left: %q = %q", k, v)
					return false
				}))
			},
		})
	})
}

// A list that gets a TTL later on, loses it and gets it back: elements without a stamp of their own live from when they are next met.
func TestTTLOfOldList(t *testing.T) {
	backend, reg := memory.New(), newRegistry(t)
	now, seq := int64(1000), uint64(0)
	clock := func() int64 { return now }
	ttl := state.WithTTL(state.TTL{After: time.Second, Now: clock, Stamp: clock})
	with := func(do func(l *state.List[int64]), opts ...state.HandleOption) {
		t.Helper()
		s := state.NewStore(backend, reg, state.Options{})
		l, err := state.NewList(s, "op", "l", state.Int64{}, opts...)
		must(t, err)
		s.SetKey(0, []byte("k"))
		do(l)
		seq++
		must(t, backend.Apply(seal(t, s, seq), fmt.Sprint(seq)))
	}
	want := func(n ...int64) func(*state.List[int64]) {
		return func(l *state.List[int64]) {
			t.Helper()
			if got, err := l.Get(); err != nil || !slices.Equal(got, n) {
				t.Fatalf("at %d: %v, %v; want %v", now, got, err, n)
			}
		}
	}
	with(func(l *state.List[int64]) { must(t, l.Set([]int64{1, 2, 3})) })
	now = 5000
	with(func(l *state.List[int64]) { must(t, l.Add(4)) }, ttl)
	now = 5999
	with(want(1, 2, 3, 4), ttl)
	with(func(l *state.List[int64]) { must(t, l.Set([]int64{7})) }) // without the TTL: four stamps stay
	now = 9000
	with(want(7), ttl)
	now = 10_000
	with(want(), ttl)
}
