//go:build integration

package integration

import (
	"slices"
	"testing"
	"time"
)

// All instances are restarted, one after the other. The others see no rebalance, so they go on without a pause, and the partitions of the
// one that is restarted wait no longer than that takes.
func TestRollingRestart(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	const busy = 2 * time.Second // what a machine that does other things may add
	w := newCountFleet(t, sharedCluster(t), newRand(t), 6, exactlyOnce, "SESSION_TIMEOUT=10s")
	stop := w.stream(600)
	names := []string{"one", "two", "three"}
	for _, name := range names {
		w.launch(name)
	}
	w.settled()
	w.caughtUp(patience)
	pace := watchPace(t, w.admin, w.id, w.fleet.in, w.repartitionTopic())
	for _, name := range names {
		w.out.during("%s is restarted", name)
		before := w.rebalances(name)
		pace.reset()
		begin := time.Now()
		w.fleet.stop(name)
		stopped := time.Since(begin)
		w.launch(name).ready()
		took := time.Since(begin)
		w.settled()
		time.Sleep(time.Second)
		pauses := pace.longest()
		longest := slices.Max(pauses)
		t.Logf("%s: stopped in %v, ready after %v; the longest pause of a partition was %v, the median %v",
			name, stopped.Round(time.Millisecond), took.Round(time.Millisecond), longest.Round(time.Millisecond), pauses[len(pauses)/2].Round(time.Millisecond))
		if longest > took+busy {
			t.Errorf("%s: a partition stood still for %v; the restart took %v", name, longest, took)
		}
		if n := w.rebalances(name) - before; n != 0 {
			t.Errorf("%s: the others saw %v rebalances", name, n)
		}
	}
	stop()
	w.finish()
}

// rebalances are those that all but one have seen.
func (f *fleet) rebalances(but string) (n float64) {
	f.t.Helper()
	for name, p := range f.live {
		if name != but {
			n += p.metric("weir_rebalances_total")
		}
	}
	return n
}
