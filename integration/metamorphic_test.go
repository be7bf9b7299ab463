//go:build integration

package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// One input, and a job's settings and misfortunes in all pairs of combinations: the same committed output, per key in order, and per key and
// window where event time decides.
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	input := newMeasures(rng)
	all := variants()
	chosen := pairwise(rng, all)
	t.Logf("%d of %d variants", len(chosen), len(all))
	for _, v := range chosen {
		seed := rng.Uint64()
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			v.run(t, input, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// The dimensions of a variant.
const (
	calm        = "calm"
	killed      = "kills"
	rebalancing = "rebalances"
)

type variant struct {
	exchange    string
	instances   int
	misfortune  string
	parallelism int
	backend     string
	interval    string
}

func (v variant) fields() []string {
	return []string{"exchange=" + v.exchange, "instances=" + strconv.Itoa(v.instances), v.misfortune,
		"parallelism=" + strconv.Itoa(v.parallelism), "backend=" + v.backend, "interval=" + v.interval}
}

func (v variant) String() string { return strings.Join(v.fields(), ",") }

// variants are all that can be: with the exchange in memory there is one instance.
func variants() (all []variant) {
	for _, exchange := range []string{"memory", "kafka"} {
		for _, instances := range []int{1, 2, 3} {
			for _, misfortune := range []string{calm, killed, rebalancing} {
				for _, parallelism := range []int{1, 2, 7} {
					for _, backend := range []string{"memory", "pebble"} {
						for _, interval := range []string{"20ms", "1s"} {
							if exchange == "kafka" || instances == 1 {
								all = append(all, variant{exchange, instances, misfortune, parallelism, backend, interval})
							}
						}
					}
				}
			}
		}
	}
	return all
}

// pairwise chooses so that each two values that go together in one of all are together in one of the chosen.
func pairwise(rng *rand.Rand, all []variant) (chosen []variant) {
	rng.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	pairs := func(v variant) (p [][2]string) {
		f := v.fields()
		for i := range f {
			for k := range i {
				p = append(p, [2]string{f[k], f[i]})
			}
		}
		return p
	}
	open := map[[2]string]bool{}
	for _, v := range all {
		for _, p := range pairs(v) {
			open[p] = true
		}
	}
	gain := func(v variant) (n int) {
		for _, p := range pairs(v) {
			if open[p] {
				n++
			}
		}
		return n
	}
	for len(open) > 0 {
		best := slices.MaxFunc(all, func(a, b variant) int { return gain(a) - gain(b) })
		for _, p := range pairs(best) {
			delete(open, p)
		}
		chosen = append(chosen, best)
	}
	return chosen
}

// run gives the input to a job of its own, in portions, and compares what is committed.
func (v variant) run(t *testing.T, input *measures, rng *rand.Rand) {
	t.Helper()
	settings := []string{"EXCHANGE=" + v.exchange, "PARALLELISM=" + strconv.Itoa(v.parallelism), "STATE_BACKEND=" + v.backend,
		"CHECKPOINT_INTERVAL=" + v.interval, "SESSION_TIMEOUT=" + fleetSession.String(), "TRANSACTION_TIMEOUT=10s", "LEAVE_GROUP=always"}
	j := newProgram(t, sharedCluster(t), "sums", measurePartitions, map[string]int{"-running": 2}, settings...)
	f := newFleet(j)
	names := []string{"one", "two", "three"}[:v.instances]
	for _, name := range names {
		f.launch(name)
	}
	for _, name := range names {
		f.live[name].ready()
	}
	send := j.sender()
	const portions = 12
	for i := range portions {
		send(input.portion(i, portions))
		time.Sleep(200 * time.Millisecond)
		if i%4 == 2 {
			v.strike(f, names[rng.IntN(len(names))])
		}
	}
	for _, c := range []struct {
		topic string
		want  map[string][]int64
	}{{j.id + "-running", input.running}, {j.out, input.windows}} {
		var last string
		eventually(t, patience, "the outputs of "+c.topic, func() error {
			must(t, f.anyEnded())
			last = compareByKey(readNumbers(t, j, c.topic), c.want)
			if last != "" {
				return fmt.Errorf("%s", last)
			}
			return nil
		})
	}
	f.stopAll()
	for topic, want := range map[string]map[string][]int64{j.id + "-running": input.running, j.out: input.windows} {
		if wrong := compareByKey(readNumbers(t, j, topic), want); wrong != "" {
			t.Errorf("%s: after the end: %s", topic, wrong)
		}
		ends, err := j.admin.openEnds(topic)
		must(t, err)
		for p, e := range ends {
			if e.stable != e.high {
				t.Errorf("%s/%d: a transaction is open", topic, p)
			}
		}
	}
}

// strike lets one misfortune happen to an instance.
func (v variant) strike(f *fleet, name string) {
	f.t.Helper()
	switch v.misfortune {
	case killed:
		f.kill(name)
		f.launch(name)
	case rebalancing:
		if v.exchange == "memory" {
			f.stop(name)
			f.launch(name)
			return
		}
		f.launch("guest").ready()
		f.stop("guest")
	}
}

// readNumbers are the numbers of each key that are committed in a topic, in order.
func readNumbers(t *testing.T, j *job, topic string) map[string][]int64 {
	t.Helper()
	got := map[string][]int64{}
	for _, r := range readTopic(t, j.cluster.Bootstrap(), j.admin, topic) {
		n, err := strconv.ParseInt(string(r.Value), 10, 64)
		must(t, err)
		got[string(r.Key)] = append(got[string(r.Key)], n)
	}
	return got
}

// compareByKey says what differs first; empty: nothing.
func compareByKey(got, want map[string][]int64) string {
	for _, keys := range []map[string][]int64{want, got} {
		for key := range keys {
			g, w := got[key], want[key]
			if slices.Equal(g, w) {
				continue
			}
			for i := range max(len(g), len(w)) {
				if i >= len(g) || i >= len(w) || g[i] != w[i] {
					return fmt.Sprintf("%s: %d outputs, want %d; they differ from number %d on: %v, want %v",
						key, len(g), len(w), i+1, g[min(i, len(g)):min(i+3, len(g))], w[min(i, len(w)):min(i+3, len(w))])
				}
			}
		}
	}
	return ""
}
