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

// lifeLab has a value, a map and a list, with a TTL or without it for a while.
type lifeLab struct {
	t       *rapid.T
	backend *memory.Backend
	reg     *state.Registry
	now     int64
	seq     uint64

	store *state.Store
	value *state.Value[string]
	table *state.Map[string, string]
	list  *state.List[string]
}

const lifeGroups, lifeAfter = 4, 10

var lifeKeys = []string{"a", "b"}

func (l *lifeLab) check(err error) {
	if err != nil {
		l.t.Helper()
		l.t.Fatal(err)
	}
}

func (l *lifeLab) open(mortal bool) {
	clock := func() int64 { return l.now }
	var opts []state.HandleOption
	if mortal {
		opts = append(opts, state.WithTTL(state.TTL{After: lifeAfter * time.Millisecond, Now: clock, Stamp: clock}))
	}
	var err error
	l.reg, err = state.NewRegistry(l.reg.Descriptors())
	l.check(err)
	l.store = state.NewStore(l.backend, l.reg, state.Options{})
	l.value, err = state.NewValue(l.store, "op", "value", state.String{}, opts...)
	l.check(err)
	l.table, err = state.NewMap(l.store, "op", "map", state.String{}, state.String{}, opts...)
	l.check(err)
	l.list, err = state.NewList(l.store, "op", "list", state.String{}, opts...)
	l.check(err)
	l.reg.RetireStamps()
}

func (l *lifeLab) setKey(k string) { l.store.SetKey(state.KeyGroup([]byte(k), lifeGroups), []byte(k)) }

func (l *lifeLab) commit() {
	l.seq++
	entries, err := l.store.Seal(l.seq)
	l.check(err)
	l.check(l.backend.Apply(entries, fmt.Sprint(l.seq)))
	l.store.Applied(l.seq)
}

// seen is what handles read that are new to what is committed.
func (l *lifeLab) seen() map[string]int {
	l.open(true)
	all := map[string]int{}
	for _, k := range lifeKeys {
		l.setKey(k)
		if _, ok, err := l.value.Get(); ok {
			all["value "+k]++
		} else {
			l.check(err)
		}
		l.check(l.table.Range(func(mk, _ string) bool { all["map "+k+mk]++; return true }))
		items, err := l.list.Get()
		l.check(err)
		if len(items) > 0 {
			all["list "+k] = len(items)
		}
	}
	return all
}

// shown is what Life lets pass of a view.
func (l *lifeLab) shown() map[string]int {
	all := map[string]int{}
	view, err := l.backend.Snapshot()
	l.check(err)
	names := map[uint16]string{}
	for _, d := range l.reg.Descriptors() {
		names[d.ID] = d.Name
	}
	l.check(view.Scan(nil, nil, func(key, _ []byte) bool {
		_, id, record, suffix, err := state.SplitKey(key)
		l.check(err)
		life, ok := l.reg.Life("op", names[id])
		if !ok {
			return true // stamps
		}
		expired, err := life.Expired(view, key, l.now)
		l.check(err)
		switch name := names[id]; {
		case expired:
		case name == "list" && len(suffix) == 0:
			all["length "+string(record)]++
		case name == "list":
			all["list "+string(record)]++
		default:
			all[name+" "+string(record)+string(suffix)]++
		}
		return true
	}))
	l.check(view.Close())
	for _, k := range lifeKeys {
		if (all["length "+k] > 0) != (all["list "+k] > 0) {
			l.t.Fatalf("key %s: %d lengths and %d elements are shown", k, all["length "+k], all["list "+k])
		}
		delete(all, "length "+k)
	}
	return all
}

// What Life shows of committed state is what the handles of a state with a TTL see, also if it had none for a while.
func TestLifeAgainstHandles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &lifeLab{t: t, backend: memory.New(), now: 1000}
		l.reg, _ = state.NewRegistry(nil)
		l.open(true)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			l.setKey(rapid.SampledFrom(lifeKeys).Draw(t, "key"))
			switch rapid.IntRange(0, 8).Draw(t, "what") {
			case 0:
				l.check(l.value.Set("v"))
			case 1:
				l.check(l.table.Put(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "map key"), "v"))
			case 2, 3:
				l.check(l.list.Add("v"))
			case 4:
				l.check(l.list.Set(make([]string, rapid.IntRange(0, 3).Draw(t, "elements"))))
			case 5:
				l.now += int64(rapid.IntRange(1, 12).Draw(t, "ms"))
			case 6:
				l.commit()
			case 7:
				l.commit()
				l.open(rapid.Bool().Draw(t, "mortal"))
			case 8:
				if l.store.HasTTL() {
					l.check(l.store.Sweep(0, lifeGroups, 10, func() {}))
				}
			}
		}
		l.commit()
		l.now += int64(rapid.IntRange(0, 12).Draw(t, "ms then"))
		want := l.seen()
		if got := l.shown(); !maps.Equal(got, want) {
			t.Fatalf("at %d %v is shown; handles see %v", l.now, got, want)
		}
	})
}
