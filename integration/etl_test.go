//go:build integration

package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Three jobs in a row, each with up to three instances that join, leave, die and freeze at random all the time: at the end of the chain every
// word is counted 1, 2, … n, in this order, as often as it was fed.
func TestChainUnderChurn(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	rng := newRand(t)
	cluster := sharedCluster(t)
	const partitions = 4
	settings := append(slices.Clone(fleetSettings), "GUARANTEE="+exactlyOnce)
	var chain []*churned
	for i, name := range []string{"copy", "wordcount", "copy"} {
		j := newJob(t, cluster, name, partitions, settings...)
		if i > 0 {
			j.in = chain[i-1].out
			j.env["WEIR_INPUT_TOPICS"] = j.in
		}
		chain = append(chain, &churned{fleet: newFleet(j), frozen: map[string]time.Time{}})
	}
	out := readOutputs(t, cluster.Bootstrap(), chain[2].out, partitions, true)
	feeder := newFeeder(t, cluster.Bootstrap(), chain[0].in, partitions, newText(rng))
	stop := feeder.stream(300)
	for _, c := range chain {
		c.launch("one")
		c.launch("two")
	}
	lasting := 30 * time.Second
	if *flagLong {
		lasting = 5 * time.Minute
	}
	events := map[string]int{}
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		n := rng.IntN(len(chain))
		what := chain[n].churn(rng)
		events[what]++
		out.during("job %d: %s", n+1, what)
		time.Sleep(time.Duration(100+rng.IntN(700)) * time.Millisecond)
		out.check()
	}
	stop()
	for _, c := range chain {
		c.thaw()
		if len(c.live) == 0 {
			c.launch("one")
		}
	}
	t.Logf("%v", events)
	want := feeder.truth.words()
	eventually(t, 2*patience, fmt.Sprintf("%d outputs", want), func() error {
		out.check()
		for _, c := range chain {
			must(t, c.anyEnded())
		}
		if have := out.seen(); have < want {
			return fmt.Errorf("%d so far", have)
		}
		return nil
	})
	for _, c := range chain {
		c.stopAll()
	}
	out.verdict(feeder.truth.all())
	out.lastStates(feeder.truth.all())
}

// churned is a fleet that is never left in peace.
type churned struct {
	*fleet
	frozen map[string]time.Time // and until when
}

// churn does one thing at random to one of three instances, and says what.
func (c *churned) churn(rng *rand.Rand) string {
	c.t.Helper()
	must(c.t, c.anyEnded())
	name := []string{"one", "two", "three"}[rng.IntN(3)]
	p, until := c.live[name], c.frozen[name]
	switch {
	case p == nil:
		c.launch(name)
		return "joins"
	case !until.IsZero():
		if time.Now().Before(until) {
			return "sleeps on"
		}
		p.thaw()
		delete(c.frozen, name)
		return "thaws"
	}
	switch rng.IntN(8) {
	case 0:
		c.stop(name)
		return "leaves"
	case 1:
		c.kill(name)
		return "dies"
	case 2:
		p.freeze()
		c.frozen[name] = time.Now().Add(time.Duration(rng.IntN(10000)) * time.Millisecond)
		return "freezes"
	}
	return "works on"
}

// thaw lets all go on.
func (c *churned) thaw() {
	for _, name := range slices.Collect(maps.Keys(c.frozen)) {
		c.live[name].thaw()
		delete(c.frozen, name)
	}
}
