//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// classified is an event as it goes in and as it comes out.
type classified struct {
	Key       string `json:"key"`
	Value     int64  `json:"value"`
	CreatedAt int64  `json:"createdAt"`
	Label     string `json:"label,omitempty"`
}

// values feeds classify and remembers the values of each key, in order: one key, one partition.
type values struct {
	t   *testing.T
	rng *rand.Rand
	cl  *kgo.Client
	fed map[string][]int64
}

func newValues(t *testing.T, j *job, rng *rand.Rand) *values {
	t.Helper()
	cl, err := kgo.NewClient(seeds(j.cluster.Bootstrap()), kgo.DefaultProduceTopic(j.in))
	must(t, err)
	t.Cleanup(cl.Close)
	return &values{t: t, rng: rng, cl: cl, fed: map[string][]int64{}}
}

func (v *values) feed(n int) {
	v.t.Helper()
	var records []*kgo.Record
	for range n {
		e := classified{Key: fmt.Sprintf("key-%02d", v.rng.IntN(60)), Value: 1 + v.rng.Int64N(1_000_000), CreatedAt: 1}
		v.fed[e.Key] = append(v.fed[e.Key], e.Value)
		b, err := json.Marshal(e)
		must(v.t, err)
		records = append(records, &kgo.Record{Key: []byte(e.Key), Value: b})
	}
	must(v.t, v.cl.ProduceSync(context.Background(), records...).FirstErr())
}

// readTopic reads all that is committed in a topic so far.
func readTopic(t *testing.T, bootstrap string, a *admin, topic string) (all []*kgo.Record) {
	t.Helper()
	ends, err := a.openEnds(topic)
	must(t, err)
	from := map[int32]kgo.Offset{}
	for p := range ends {
		from[p] = kgo.NewOffset().At(0)
	}
	cl, err := kgo.NewClient(seeds(bootstrap), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	must(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	next := map[int32]int64{}
	for p, e := range ends {
		for next[p] < e.stable {
			must(t, ctx.Err())
			cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				next[r.Partition] = r.Offset + 1
				if !r.Attrs.IsControl() {
					all = append(all, r)
				}
			})
		}
	}
	return all
}

// decoded are the outputs of each key, in order.
func decoded(t *testing.T, records []*kgo.Record) map[string][]int64 {
	t.Helper()
	got := map[string][]int64{}
	for _, r := range records {
		var e classified
		must(t, json.Unmarshal(r.Value, &e))
		if e.Label != "UNCLASSIFIED" || string(r.Key) != e.Key {
			t.Fatalf("key %q, value %s", r.Key, r.Value)
		}
		got[e.Key] = append(got[e.Key], e.Value)
	}
	return got
}

// classify on three instances, one killed and one frozen on the way. Without a window every event comes out with the sum so far; with one the sums
// of a key's windows make up all of its values.
func TestInstancesClassify(t *testing.T) {
	t.Parallel()
	for _, window := range []string{"0", "700ms"} {
		t.Run("window "+window, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, sharedCluster(t), "classify", 4, append(slices.Clone(fleetSettings), "CLASSIFY_WINDOW="+window)...)
			f := newFleet(j)
			v := newValues(t, j, newRand(t))
			for i, do := range []func(){
				func() { f.launch("one") }, func() { f.launch("two") }, func() { f.launch("three") },
				func() { f.kill("two") }, func() { f.launch("two") },
				func() { f.frozen("three", 9*time.Second) }, func() { f.stop("one") },
			} {
				do()
				v.feed(500 + 100*i)
				f.settled()
				v.feed(200)
			}
			read := func() map[string][]int64 { return decoded(t, readTopic(t, j.cluster.Bootstrap(), f.admin, j.out)) }
			eventually(t, patience, "the outputs", func() error { return v.judge(read(), window == "0") })
			f.stopAll()
			must(t, v.judge(read(), window == "0"))
		})
	}
}

// judge compares outputs with what was fed.
func (v *values) judge(got map[string][]int64, running bool) error {
	for key, fed := range v.fed {
		if want := runningSums(fed); running && !slices.Equal(got[key], want) {
			return fmt.Errorf("%s: %d outputs, want %d, the running sums", key, len(got[key]), len(want))
		}
		if have, want := sum(got[key]), sum(fed); !running && have != want {
			return fmt.Errorf("%s: its windows sum up to %d, want %d", key, have, want)
		}
	}
	return nil
}

func runningSums(values []int64) (sums []int64) {
	var s int64
	for _, v := range values {
		s += v
		sums = append(sums, s)
	}
	return sums
}

func sum(values []int64) (s int64) {
	for _, v := range values {
		s += v
	}
	return s
}
