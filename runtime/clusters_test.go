package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
	"github.com/weirstream/weir/txn/memtxn"
)

// clusters are two of them in memory: text on one, its word count on the other.
type clusters struct {
	*testing.T
	source, sink *memtxn.Cluster
	store        checkpoint.Store
	fed          int // lines
}

func inClusters(t *testing.T, test func(*clusters)) {
	synctest.Test(t, func(t *testing.T) { test(newClusters(t)) })
}

func newClusters(t *testing.T) *clusters {
	c := &clusters{T: t, source: memtxn.NewCluster(), sink: memtxn.NewCluster()}
	c.must(errors.Join(c.source.CreateTopic("text", 2), c.sink.CreateTopic("word-counts", 2)))
	store, err := checkpoint.OpenStore("mem://")
	c.must(err)
	c.store = store
	return c
}

func (c *clusters) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// feed writes n lines "a b a".
func (c *clusters) feed(n int) {
	c.Helper()
	for range n {
		c.must(c.source.Append(txn.Record{Topic: "text", Partition: int32(c.fed % 2), Value: []byte("a b a")}))
		c.fed++
	}
}

// options are those of an instance, on state of its own and the shared store.
func (c *clusters) options(instance string) runtime.Options {
	c.Helper()
	job, err := jobs.New("wordcount", jobs.Params{})
	c.must(err)
	plan, err := job.Plan()
	c.must(err)
	return runtime.Options{
		Plan: plan, JobID: "wordcount", InstanceID: instance, Client: c.source.Client(instance), SinkClient: c.sink.Client(instance),
		Guarantee: twophase.ExactlyOnce, Interval: 100 * time.Millisecond, Backend: memory.New(), Store: c.store, Parallelism: 2,
		MaxParallelism: 128, OverlayLimit: 8 << 20, CacheBytes: 8 << 20, TransactionTimeout: 10 * time.Minute, SessionTimeout: 10 * time.Second,
		StartTimeout: 10 * time.Second, ShutdownTimeout: 8 * time.Second,
		Logger: slog.New(slog.NewTextHandler(c.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})).With("instance", instance),
	}
}

func (c *clusters) start(o runtime.Options) *life {
	c.Helper()
	in, err := runtime.New(o)
	c.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{in: in, cancel: cancel, done: make(chan error, 1), close: func() {}}
	go func() { l.done <- in.Run(ctx) }()
	return l
}

// counted waits until everything that was fed is committed.
func (c *clusters) counted() {
	c.Helper()
	for range 6000 {
		records, err := c.sink.Records("word-counts", true)
		c.must(err)
		if len(records) >= 3*c.fed {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.Fatal("not everything is counted")
}

// right: each word was counted 1, 2, … in this order, and as often as it was fed.
func (c *clusters) right() {
	c.Helper()
	records, err := c.sink.Records("word-counts", true)
	c.must(err)
	got := map[string]int{}
	for _, r := range records {
		word := string(r.Key)
		got[word]++
		if want := fmt.Sprintf("%s %d", word, got[word]); string(r.Value) != want {
			c.Fatalf("output %q, want %q", r.Value, want)
		}
	}
	if got["a"] != 2*c.fed || got["b"] != c.fed {
		c.Fatalf("%v after %d lines", got, c.fed)
	}
}

// refused starts an instance that has to end with an error of a kind that says all of these.
func (c *clusters) refused(o runtime.Options, kind error, says ...string) {
	c.Helper()
	err := c.start(o).end(c)
	if !errors.Is(err, kind) {
		c.Fatalf("got %v, want %v", err, kind)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			c.Errorf("%q is not in %v", s, err)
		}
	}
	c.right()
}

// run starts an instance, feeds and stops it in good order.
func (c *clusters) run(o runtime.Options) {
	c.Helper()
	l := c.start(o)
	c.worksOn()
	c.must(l.stop(c.T))
	c.right()
}

func TestTwoClusters(t *testing.T) {
	inClusters(t, func(c *clusters) {
		c.run(c.options("one"))
		c.run(c.options("two"))
		config, records := c.commits()
		if !commits.Compacted(config) || len(records) < 4 {
			t.Errorf("configuration %v, %d records", config, len(records))
		}
		// The group has followed, and points to where decisions are.
		decided, err := commits.Newest(records)
		c.must(err)
		for p, pos := range c.source.Committed("wordcount") {
			pointer, ok, err := commits.DecodePointer(pos.Metadata)
			if pos.Offset != decided[p].Offset || !ok || err != nil || !pointer.Decided {
				t.Errorf("%v: the group is at %v, the decision at %v", p, pos, decided[p])
			}
		}
		if len(decided) != 2 {
			t.Errorf("%d partitions are decided", len(decided))
		}
	})
}

// A repartition topic would have to be on both clusters.
func TestTwoClustersNeedNoRepartition(t *testing.T) {
	inClusters(t, func(c *clusters) {
		o := c.options("one")
		o.Exchange = checkpoint.ExchangeKafka
		if _, err := runtime.New(o); !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), "needs sources and sinks on one cluster") {
			t.Errorf("got %v", err)
		}
	})
}

// commits looks at the topic of decision records.
func (c *clusters) commits() (map[string]string, []txn.Record) {
	c.Helper()
	a, err := c.sink.Client("test").NewAdmin()
	c.must(err)
	config, err := a.TopicConfig(c.Context(), "wordcount-commits")
	c.must(err)
	records, err := a.ReadAll(c.Context(), "wordcount-commits")
	c.must(err)
	return config, records
}

// Where the commit point is can't be changed by the way: each side knows of the other and refuses.
func TestCommitPointElsewhere(t *testing.T) {
	atLeastOnce := func(o runtime.Options) runtime.Options { o.Guarantee = twophase.AtLeastOnce; return o }
	t.Run("sink brokers removed", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.must(c.source.CreateTopic("word-counts", 2))
			c.run(c.options("one"))
			o := c.options("one")
			o.SinkClient = nil
			c.refused(o, runtime.ErrState, "wordcount-commits", "memory-", "WEIR_SINK_BROKERS")
		})
	})
	t.Run("sink brokers added", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			other := c.sink
			c.sink = c.source
			c.must(c.source.CreateTopic("word-counts", 2))
			o := c.options("one")
			o.SinkClient = nil
			c.run(o)
			o = c.options("one")
			o.SinkClient = other.Client("one")
			c.refused(o, runtime.ErrState, "offsets of its group", "WEIR_SINK_BROKERS")
		})
	})
	t.Run("to at-least-once and back", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.run(c.options("one"))
			c.refused(atLeastOnce(c.options("one")), runtime.ErrState, "wordcount-commits", "WEIR_GUARANTEE")
		})
		inClusters(t, func(c *clusters) {
			c.run(atLeastOnce(c.options("one")))
			c.run(atLeastOnce(c.options("one")))
			c.refused(c.options("one"), runtime.ErrState, "WEIR_GUARANTEE")
		})
	})
	t.Run("another sink cluster", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.run(c.options("one"))
			other := memtxn.NewCluster()
			c.must(other.CreateTopic("word-counts", 2))
			o := c.options("one")
			o.SinkClient = other.Client("one")
			c.refused(o, runtime.ErrState, "nothing is decided", "WEIR_SINK_BROKERS")
		})
	})
	t.Run("group forgotten and another sink cluster", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.run(c.options("one"))
			other := memtxn.NewCluster()
			c.must(other.CreateTopic("word-counts", 2))
			source := memtxn.NewCluster() // the group is forgotten with its cluster
			c.must(source.CreateTopic("text", 2))
			o := c.options("one")
			o.Client, o.SinkClient = source.Client("one"), other.Client("one")
			c.refused(o, runtime.ErrState, "checkpoint store", "wordcount-commits")
		})
	})
}

// A topic of decision records that has lost some, or holds something else, is not believed.
func TestDecisionTopicInjured(t *testing.T) {
	t.Run("emptied", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.run(c.options("one"))
			p := txn.Partition{Topic: "wordcount-commits"}
			ends, _, err := c.sink.Ends(p)
			c.must(err)
			c.must(c.sink.DeleteBefore(p, ends.High))
			c.refused(c.options("one"), runtime.ErrState, "has lost records")
		})
	})
	t.Run("foreign record", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.run(c.options("one"))
			c.must(c.sink.Append(txn.Record{Topic: "wordcount-commits", Key: []byte("text/0"), Value: []byte("hello")}))
			c.refused(c.options("one"), runtime.ErrState, "not a decision record", "wordcount-commits/0")
		})
	})
	t.Run("made for something else", func(t *testing.T) {
		inClusters(t, func(c *clusters) {
			c.must(c.sink.CreateTopic("wordcount-commits", 3))
			c.refused(c.options("one"), runtime.ErrConfig, "3 partitions, expected 1", "wordcount-commits")
		})
		inClusters(t, func(c *clusters) {
			c.must(c.sink.CreateTopic("wordcount-commits", 1))
			c.refused(c.options("one"), runtime.ErrConfig, `cleanup.policy is "delete", expected compact`)
		})
	})
}

// People say by the group's offsets where a new job begins.
func TestTwoClustersBeginAtTheGroupsOffsets(t *testing.T) {
	inClusters(t, func(c *clusters) {
		c.feed(4)
		meta := make(chan txn.GroupMetadata, 1)
		k, err := c.source.Client("people").NewConsumer(txn.ConsumerConfig{Topics: []string{"text"}, Group: "wordcount"}, joins(meta))
		c.must(err)
		_, err = k.Poll(time.Second, 1)
		c.must(err)
		at := map[txn.Partition]txn.Position{{Topic: "text", ID: 0}: {Offset: 2}, {Topic: "text", ID: 1}: {Offset: 1}}
		c.must(k.Commit(c.Context(), at, <-meta))
		c.must(k.Close())
		c.fed = 1 // the line at 1/1 alone is to be counted
		l := c.start(c.options("one"))
		c.counted()
		c.must(l.stop(c.T))
		c.right()
	})
}

// joins tells of a membership.
type joins chan txn.GroupMetadata

func (j joins) Assigned(_ []txn.Partition, meta txn.GroupMetadata) { j <- meta }
func (j joins) Revoked([]txn.Partition)                            {}
func (j joins) Lost([]txn.Partition)                               {}
