package statetest

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"testing"

	"github.com/weirstream/weir/state"
)

func testReopen(t *testing.T, b state.Backend, d *Durable) {
	must(t, b.Apply(batch(set(0, "a", "1"), set(1, "b", "2")), "m1"))
	must(t, b.Flush())
	b = d.Reopen(t, b)
	wantMarker(t, b, "m1")
	wantDump(t, b, batch(set(0, "a", "1"), set(1, "b", "2")))
	must(t, b.Apply(batch(del(0, "a")), "m2"))
	must(t, b.Reset())
	b = d.Reopen(t, b)
	wantMarker(t, b, "")
	wantDump(t, b, nil)
}

// testCrashPrefix crashes at random moments: whatever marker is left, the entries are those of that moment, neither more nor fewer.
func testCrashPrefix(t *testing.T, open func(t *testing.T) state.Backend, d *Durable) {
	rng := newRand(t)
	b, m := open(t), model{}
	history := []model{{}}
	least := 0
	for i := 1; i <= 200; i++ {
		entries := random(rng)
		// Now and then enough to make a flush of itself.
		if rng.IntN(10) == 0 {
			entries = append(entries, set(200, "filler", string(make([]byte, rng.IntN(200_000)))))
		}
		must(t, b.Apply(entries, strconv.Itoa(i)))
		m.apply(entries)
		history = append(history, maps.Clone(m))
		if rng.IntN(20) == 0 {
			must(t, b.Flush())
			least = i
		}
		if rng.IntN(8) == 0 {
			checkCrash(t, d.Crash(t, b, rng.Uint64()), history, least)
		}
	}
}

func checkCrash(t *testing.T, crashed state.Backend, history []model, least int) {
	t.Helper()
	marker, err := crashed.Marker()
	must(t, err)
	at := 0
	if marker != "" {
		at, err = strconv.Atoi(marker)
		must(t, err)
	}
	if at < least {
		t.Fatalf("marker %q after a crash, although %d was flushed", marker, least)
	}
	wantDump(t, crashed, history[at].entries())
	must(t, crashed.Apply(batch(set(0, "after", "crash")), "after"))
	must(t, crashed.Close())
}

func testCrashAfterFlush(t *testing.T, b state.Backend, d *Durable) {
	must(t, b.Load(source(batch(set(0, "a", "1"))), "m1"))
	for seed := range uint64(3) {
		crashed := d.Crash(t, b, seed)
		wantMarker(t, crashed, "m1")
		wantDump(t, crashed, batch(set(0, "a", "1")))
		must(t, crashed.Close())
	}
	must(t, b.Reset())
	crashed := d.Crash(t, b, 1)
	wantMarker(t, crashed, "")
	wantDump(t, crashed, nil)
}

// testCrashInLoad crashes in the middle of a Load over older state: the old state, or nothing.
func testCrashInLoad(t *testing.T, open func(t *testing.T) state.Backend, d *Durable) {
	enough := errors.New("crashed here")
	for _, n := range []int{0, 1, 100, 2000} {
		b := open(t)
		old := batch(set(0, "a", "old"))
		must(t, b.Apply(old, "m1"))
		must(t, b.Flush())
		i := 0
		err := b.Load(func() ([]state.Entry, error) {
			if i == n {
				return nil, enough
			}
			i++
			return []state.Entry{set(1, fmt.Sprintf("%06d", i), string(make([]byte, 8000)))}, nil
		}, "m2")
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
		crashed := d.Crash(t, b, uint64(n))
		marker, err := crashed.Marker()
		must(t, err)
		if marker == "" {
			old = nil
		}
		wantDump(t, crashed, old)
		must(t, crashed.Close())
		must(t, b.Close())
	}
}
