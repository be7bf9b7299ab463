package state_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// lostLab is a job that is restarted again and again, with a TTL or without: a value and an entry of a map for each key, against a model.
type lostLab struct {
	t       *rapid.T
	backend *memory.Backend
	states  []state.Descriptor // as the last manifest has them
	now     int64
	seq     uint64

	store *state.Store
	reg   *state.Registry
	value *state.Value[int64]
	table *state.Map[string, int64]

	mortal bool
	have   map[string]*lasting
}

// lasting is what the model knows of a value.
type lasting struct {
	value int64
	used  int64
	timed bool // it counts as used at used; else when it is next met
	swept bool // it had expired when the sweep came by, which removes what it knows of
}

const lostAfter = 10

func (l *lostLab) check(err error) {
	if err != nil {
		l.t.Helper()
		l.t.Fatal(err)
	}
}

// restart opens the states as the runtime does.
func (l *lostLab) restart(mortal bool) {
	var err error
	l.reg, err = state.NewRegistry(l.states)
	l.check(err)
	l.store = state.NewStore(l.backend, l.reg, state.Options{CacheBytes: 1})
	clock := func() int64 { return l.now }
	var opts []state.HandleOption
	if mortal {
		opts = append(opts, state.WithTTL(state.TTL{After: lostAfter * time.Millisecond, Now: clock, Stamp: clock}))
	}
	l.value, err = state.NewValue(l.store, "op", "v", state.Int64{}, opts...)
	l.check(err)
	l.table, err = state.NewMap(l.store, "op", "m", state.String{}, state.Int64{}, opts...)
	l.check(err)
	l.reg.RetireStamps()
	if l.mortal = mortal; !mortal {
		for _, v := range l.have {
			v.timed = false
		}
	}
}

func (l *lostLab) commit() {
	l.seq++
	entries, err := l.store.Seal(l.seq)
	l.check(err)
	l.check(l.backend.Apply(entries, fmt.Sprint(l.seq)))
	l.store.Applied(l.seq)
	l.states = l.reg.Descriptors()
}

func (l *lostLab) set(kind, key string) {
	v := l.now<<8 | int64(l.seq)
	if l.have[kind+key] = (&lasting{value: v, used: l.now, timed: l.mortal}); kind == "value" {
		l.check(l.value.Set(v))
		return
	}
	l.check(l.table.Put("x", v))
}

// get compares what is read with the model, which lets expire what it knows the age of.
func (l *lostLab) get(kind, key string) {
	var got int64
	var ok bool
	var err error
	if kind == "value" {
		got, ok, err = l.value.Get()
	} else {
		got, ok, err = l.table.Get("x")
	}
	l.check(err)
	m := l.have[kind+key]
	if m != nil && m.swept && !ok {
		m = nil
		delete(l.have, kind+key)
	}
	if m != nil && l.mortal {
		if m.timed && m.used+lostAfter <= l.now {
			m = nil
			delete(l.have, kind+key)
		} else if !m.timed {
			m.used, m.timed = l.now, true
		}
	}
	if ok != (m != nil) || ok && got != m.value {
		l.t.Fatalf("%s of key %s is %d, %v at %d; expected %+v", kind, key, got, ok, l.now, m)
	}
}

// sweep removes some or all of what has expired.
func (l *lostLab) sweep() {
	l.check(l.store.Sweep(0, lifeGroups, 10, func() {}))
	for _, m := range l.have {
		m.swept = m.swept || l.mortal && m.timed && m.used+lostAfter <= l.now
	}
}

// A state that loses its TTL and gets it back keeps what was written meanwhile, and what was there before counts as used when it is next met.
func TestTTLLostAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &lostLab{t: t, backend: memory.New(), now: 1000, have: map[string]*lasting{}}
		l.restart(true)
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			key, kind := rapid.SampledFrom(lifeKeys).Draw(t, "key"), rapid.SampledFrom([]string{"value", "map"}).Draw(t, "kind")
			l.store.SetKey(state.KeyGroup([]byte(key), lifeGroups), []byte(key))
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0, 1:
				l.set(kind, key)
			case 2:
				l.get(kind, key)
			case 3:
				l.now += int64(rapid.IntRange(1, 12).Draw(t, "ms"))
			case 4:
				l.commit()
			case 5:
				l.commit()
				l.restart(rapid.Bool().Draw(t, "mortal"))
			case 6:
				l.sweep()
			}
		}
	})
}

// What looks like stamps and is a state of the job stays, and so do stamps of states that nobody has opened.
func TestRetireStampsOnly(t *testing.T) {
	recorded := []state.Descriptor{
		{ID: 1, UID: "op", Name: "v", Kind: state.KindValue, ValueCodec: "string"},
		{ID: 2, UID: "op", Name: "v.ttl", Kind: state.KindValue, ValueCodec: "int64-be"},
		{ID: 3, UID: "op", Name: "w", Kind: state.KindValue, ValueCodec: "string"},
		{ID: 4, UID: "op", Name: "w.ttl", Kind: state.KindValue, ValueCodec: "int64-be"},
		{ID: 5, UID: "op", Name: "x", Kind: state.KindReducing, ValueCodec: "string"},
		{ID: 6, UID: "op", Name: "x.ttl", Kind: state.KindValue, ValueCodec: "int64-be"},
		{ID: 7, UID: "op", Name: "y", Kind: state.KindValue, ValueCodec: "string"},
		{ID: 8, UID: "op", Name: "y.ttl", Kind: state.KindValue, ValueCodec: "string"},
	}
	reg, err := state.NewRegistry(recorded)
	must(t, err)
	for _, i := range []int{0, 1, 4, 6} { // v.ttl is the job's own; w is not opened
		_, err := reg.Register(recorded[i])
		must(t, err)
	}
	reg.RetireStamps()
	for _, d := range reg.Descriptors() {
		name, retired := recorded[d.ID-1].Name, d.ID == 6
		if retired {
			name = "x.ttl~6"
		}
		if d.Name != name || d.Retired != retired {
			t.Errorf("state %d is now %+v", d.ID, d)
		}
	}
	again := recorded[5]
	again.ID = 0
	if id, err := reg.Register(again); err != nil || id != 9 {
		t.Errorf("stamps of a new TTL: id %d, %v; expected 9", id, err)
	}
	again.Name = "x.ttl~6"
	if _, err := reg.Register(again); err == nil {
		t.Error("a job can have the retired state")
	}
}
