package twophase

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var deep = flag.Bool("twophase.deep", false, "search larger bounds, too (minutes, gigabytes)")

// raceEnabled: with the race detector a search takes ten times as long and finds no more; the bounds are smaller then.
var raceEnabled bool

func (c cast) String() string { return [...]string{"alone", "zombie", "pair", "shared"}[c] }

// bounds are the worlds that are searched: up to three epochs (an epoch has at least one record), with so many faults
// at any step, in any order.
func bounds() []explorer {
	small := []explorer{
		{cast: alone, input: 3, faults: 0},
		{cast: alone, input: 3, faults: 1},
		{cast: alone, input: 1, faults: 2},
		{cast: zombie, input: 1, faults: 1},
		{cast: pair, input: 1, faults: 1},
		{cast: shared, input: 1, faults: 1},
	}
	if raceEnabled || testing.Short() {
		return small
	}
	normal := append(small,
		explorer{cast: alone, input: 2, faults: 2},
		explorer{cast: zombie, input: 2, faults: 1},
		explorer{cast: pair, input: 2, faults: 1},
		explorer{cast: shared, input: 2, faults: 1},
	)
	if !*deep {
		return normal
	}
	return append(normal,
		explorer{cast: alone, input: 3, faults: 2},
		explorer{cast: zombie, input: 1, faults: 2},
		explorer{cast: zombie, input: 3, faults: 1},
		explorer{cast: pair, input: 1, faults: 2},
		explorer{cast: pair, input: 3, faults: 1},
		explorer{cast: shared, input: 3, faults: 1},
	)
}

// TestExhaustive searches every reachable state for one that breaks an invariant:
//
//	(a) no output is lost: every input up to the committed offset has its output
//	(b) exactly once: none has two, and none is visible before its offset is committed
//	(c) state = committed offsets, in the store, on local disk and in the tasks
//	(d) nothing undecided is published or used as a start
//	(e) from everywhere, without further faults, everything can still be committed: no deadlock
//
// and for effects in an order that effect.go forbids.
//
// The model leaves out: more than one partition; parallel tasks that pass a barrier one after the other (Aligned only
// comes later than the barrier passes, and only with one process); a Processed that is delayed; failures of Publish; a
// delayed InitTransactions. It takes for granted that a client whose request was refused for its generation hears of
// the loss before it starts over, and that Fence, at least once, settles what became of offset commits.
func TestExhaustive(t *testing.T) {
	var all met
	states := 0
	for _, x := range bounds() {
		for _, g := range []Guarantee{ExactlyOnce, AtLeastOnce} {
			x.guarantee = g
			if x.cast == shared && g == AtLeastOnce {
				continue // offsets are the group's there, on two clusters as well
			}
			t.Run(fmt.Sprintf("%v/%v/%d-records/%d-faults", g, x.cast, x.input, x.faults), func(t *testing.T) {
				start := time.Now()
				if v := x.explore(); v != nil {
					t.Fatal(v)
				}
				all.add(x.met)
				states += len(x.keys)
				t.Logf("%d states, %d moves, %v", len(x.keys), x.tried, time.Since(start).Round(time.Millisecond))
			})
		}
	}
	t.Logf("%d states in all", states)
	if missing := all.missing(); missing != "" {
		t.Errorf("never met: %s", missing)
	}
}
