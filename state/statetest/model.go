package statetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weirstream/weir/state"
)

// model is a backend as simple as can be.
type model map[string]string

func (m model) apply(entries []state.Entry) {
	for _, e := range entries {
		if e.Delete {
			delete(m, string(e.Key))
		} else {
			m[string(e.Key)] = string(e.Value)
		}
	}
}

func (m model) entries() []state.Entry {
	var all []state.Entry
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, state.Entry{Key: []byte(k), Value: []byte(m[k])})
	}
	return all
}

// random makes a batch over few keys, so that they are overwritten and deleted often.
func random(rng *rand.Rand) []state.Entry {
	picked := map[string]state.Entry{}
	for range rng.IntN(20) {
		e := set(uint16(rng.IntN(4)), fmt.Sprint(rng.IntN(15)), fmt.Sprint(rng.Uint32()))
		if rng.IntN(3) == 0 {
			e = state.Entry{Key: e.Key, Delete: true}
		}
		picked[string(e.Key)] = e
	}
	return batch(slices.Collect(maps.Values(picked))...)
}

func testAgainstModel(t *testing.T, b state.Backend) {
	rng := newRand(t)
	m := model{}
	for i := range 300 {
		entries := random(rng)
		switch rng.IntN(30) {
		case 0:
			must(t, b.Reset())
			clear(m)
		case 1:
			fresh := model{}
			fresh.apply(entries)
			must(t, b.Load(source(fresh.entries()), fmt.Sprint(i)))
			m = fresh
		case 2:
			must(t, b.Flush())
		}
		must(t, b.Apply(entries, fmt.Sprint(i)))
		m.apply(entries)
		wantMarker(t, b, fmt.Sprint(i))
		wantDump(t, b, m.entries())
	}
}
