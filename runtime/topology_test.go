package runtime

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

func TestTopology(t *testing.T) {
	in := lab(t, memStore(t), 3)
	if x, ok := in.topology.exchangeOf("lab-by_b-repartition"); x != 1 || !ok {
		t.Errorf("exchange %d, %v", x, ok)
	}
	if _, ok := in.topology.exchangeOf("l"); ok {
		t.Error("a source's topic is taken for a repartition topic")
	}
	if got := in.topology.partitions(labCounts); len(got) != 2+1+3+3 {
		t.Errorf("partitions %v", got)
	}
	for topic, uid := range map[string]string{"l": "left", "r": "right", "lab-by_a-repartition": "by_a", "lab-by_b-repartition": "by_b", "x": ""} {
		if got := in.readerOf(topic); got != uid {
			t.Errorf("%s is read by %q, want %q", topic, got, uid)
		}
	}
	if s := in.shardOf(txn.Partition{Topic: "l", ID: 1}); s != nil {
		t.Errorf("a source's partition belongs to shard %d", s.number)
	}
	got := in.shardsOf([]txn.Partition{{Topic: "l"}, in.crossing(0, 2), in.crossing(1, 2), in.crossing(1, 0)})
	if len(got) != 2 || got[0] != in.shards[2] || got[1] != in.shards[0] {
		t.Errorf("%d shards", len(got))
	}
}

// A shard is worked on by who has its partition of every repartition topic.
func TestWhole(t *testing.T) {
	in := lab(t, memStore(t), 2)
	got := in.whole([]txn.Partition{{Topic: "l"}, in.crossing(0, 0), in.crossing(1, 0), in.crossing(1, 1)})
	if want := fmt.Sprint([]txn.Partition{{Topic: "l"}, in.crossing(0, 0), in.crossing(1, 0)}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// withTopics gives the lab a cluster.
func (in *Instance) withTopics(t *testing.T, counts map[string]int) *memtxn.Cluster {
	t.Helper()
	c := memtxn.NewCluster()
	for topic, n := range counts {
		if err := c.CreateTopic(topic, n); err != nil {
			t.Fatal(err)
		}
	}
	in.o.Client = c.Client("lab")
	var err error
	if in.admin, err = in.o.Client.NewAdmin(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMakeTopics(t *testing.T) {
	a, b := "lab-by_a-repartition", "lab-by_b-repartition"
	for name, c := range map[string]struct {
		there map[string]int
		want  int
		says  []string
	}{
		"none":               {nil, 4, nil},
		"one, with fewer":    {map[string]int{a: 3}, 3, nil},
		"both, with more":    {map[string]int{a: 7, b: 7}, 7, nil},
		"not alike":          {map[string]int{a: 3, b: 5}, 0, []string{"partitions, expected", "new WEIR_JOB_ID"}},
		"too many":           {map[string]int{a: 200}, 0, []string{"200", "at most 128 (WEIR_MAX_PARALLELISM)"}},
		"of something else?": {map[string]int{b: 1}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := lab(t, memStore(t), 0)
			cluster := in.withTopics(t, c.there)
			got, err := in.makeTopics(t.Context(), []string{a, b}, 4)
			if c.says == nil {
				counts, _ := in.admin.Topics(t.Context(), []string{a, b})
				if err != nil || got != c.want || counts[a] != got || counts[b] != got {
					t.Fatalf("%d, topics have %v, %v", got, counts, err)
				}
				return
			}
			if !errors.Is(err, ErrConfig) {
				t.Fatal(err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
			for topic := range map[string]bool{a: true, b: true} {
				if _, err := cluster.Records(topic, true); err == nil && c.there[topic] == 0 {
					t.Errorf("topic %q was made all the same", topic)
				}
			}
		})
	}
}

// Topics are as many as the widest source's, within the key groups; and nothing is made if an operator can't send through one.
func TestPrepareRepartition(t *testing.T) {
	in := lab(t, memStore(t), 0)
	in.shards = nil
	in.withTopics(t, nil)
	x := in.o.Plan.Exchanges
	x = append(x, stream.Exchange{UID: "by word", Named: true, Portable: true})
	x[0].Named, x[1].Portable, in.o.Plan.Exchanges = false, false, x
	err := in.prepareRepartition(t.Context(), map[string]int{"l": 2, "r": 1})
	for _, part := range []string{"WEIR_EXCHANGE=kafka", `operator "by_a"`, "stream.UID", `operator "by_b"`, "stream.Through", `operator "by word"`, "change its uid"} {
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	made := []string{RepartitionTopic("lab", "by_a"), RepartitionTopic("lab", "by_b")}
	if counts, _ := in.admin.Topics(t.Context(), made); len(counts) != 0 {
		t.Errorf("made %v", counts)
	}
	x[0].Named, x[1].Portable, in.o.Plan.Exchanges = true, true, x[:2]
	in.o.MaxParallelism = 3
	if err := in.prepareRepartition(t.Context(), map[string]int{"l": 5, "r": 1}); err != nil {
		t.Fatal(err)
	}
	if counts, _ := in.admin.Topics(t.Context(), made); counts[made[0]] != 3 || counts[made[1]] != 3 || len(in.shards) != 3 || in.topology.parallelism != 3 {
		t.Errorf("made %v and %d shards for %d tasks", counts, len(in.shards), in.topology.parallelism)
	}
}

// An instance works beside those only that use its store and its exchange.
func TestNeighbours(t *testing.T) {
	register := func(t *testing.T, store checkpoint.Store, id, exchange string) {
		t.Helper()
		if err := checkpoint.Register(t.Context(), store, "lab", checkpoint.Instance{ID: id, Run: checkpoint.NewRun(), Exchange: exchange}); err != nil {
			t.Fatal(err)
		}
	}
	store := memStore(t)
	in := lab(t, store, 1)
	cluster := in.withTopics(t, map[string]int{"l": 1})
	if err := in.checkNeighbours(t.Context()); err != nil {
		t.Fatal("alone:", err)
	}
	if known, err := checkpoint.Instances(t.Context(), store, "lab"); err != nil || len(known) != 1 || time.Since(known[0].Started) > time.Hour {
		t.Errorf("registered as %+v, %v", known, err)
	}
	r := newReader(func(event) {})
	consumer, err := cluster.Client("other").NewConsumer(txn.ConsumerConfig{Topics: []string{"l"}, Group: "lab", InstanceID: "two", SessionTimeout: 6e9}, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Poll(0, 1); err != nil {
		t.Fatal(err)
	}
	if err := in.checkNeighbours(t.Context()); !errors.Is(err, ErrOccupied) || !strings.Contains(err.Error(), `"two" at`) || !strings.Contains(err.Error(), "WEIR_CHECKPOINT_STORE="+store.URL()) {
		t.Error("beside one with another store:", err)
	}
	register(t, store, "two", "")
	if err := in.checkNeighbours(t.Context()); !errors.Is(err, ErrOccupied) {
		t.Error("beside one with the exchange in memory:", err)
	}
	register(t, store, "two", checkpoint.ExchangeKafka)
	if err := in.checkNeighbours(t.Context()); err != nil {
		t.Error("beside one of its kind:", err)
	}
}

// What one exchange has committed the other one can't go on from.
func TestOtherExchange(t *testing.T) {
	id := checkpoint.MakeID(checkpoint.NewRun(), 3)
	for exchange, says := range map[string]string{"": "commit point is of WEIR_EXCHANGE=kafka, this instance has memory", checkpoint.ExchangeKafka: "commit point is of WEIR_EXCHANGE=memory, this instance has kafka"} {
		in := lab(t, memStore(t), 1)
		other := checkpoint.ExchangeKafka
		if in.o.Exchange = exchange; exchange != "" {
			other = ""
		}
		text, err := checkpoint.Metadata{ID: id, Exchange: other}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = in.decode(map[txn.Partition]txn.Position{{Topic: "l"}: {Offset: 1, Metadata: text}})
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), says) {
			t.Errorf("exchange %q: %v", exchange, err)
		}
	}
}

// Nor does a job start from nothing where the other exchange has left something and the group's offsets are forgotten.
func TestOtherExchangeForgotten(t *testing.T) {
	for _, exchange := range []string{"", checkpoint.ExchangeKafka} {
		store := memStore(t)
		in := lab(t, store, 1)
		in.o.Exchange = exchange
		if err := in.checkFreshElsewhere(t.Context()); err != nil {
			t.Errorf("exchange %q, an empty store: %v", exchange, err)
		}
		shard, says := "", "WEIR_EXCHANGE=memory"
		if exchange == "" {
			shard, says = "0", "WEIR_EXCHANGE=kafka"
		}
		repo, err := checkpoint.NewRepository(store, "lab", checkpoint.NewRun(), checkpoint.Options{Shard: shard})
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.MarkCommitted(t.Context(), checkpoint.MakeID(checkpoint.NewRun(), 1)); err != nil {
			t.Fatal(err)
		}
		if err := in.checkFresh(t.Context(), nil, nil, decision{}); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), says) {
			t.Errorf("exchange %q: %v", exchange, err)
		}
	}
}
