package runtime_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// many makes an instance one of several, with a name and a state folder of its own.
func (c *cluster) many(name string) setting {
	return func(o *runtime.Options) {
		o.InstanceID, o.Exchange = name, checkpoint.ExchangeKafka
		o.OpenShard = c.folder("state-" + name)
		closeBoth(c.t, o.Backend, nil)
		o.Backend = nil
	}
}

// folder has states of shards.
func (c *cluster) folder(name string) func(shard string) (state.Backend, error) {
	return func(shard string) (state.Backend, error) {
		return pebble.Open(filepath.Join(c.dir, name, shard), pebble.Options{JobID: "wordcount/" + shard})
	}
}

// awaitOutputs waits until a topic has as many committed records as the counts make, or more.
func (c *cluster) awaitOutputs(topic string, counts map[string]int) {
	c.t.Helper()
	want := 0
	for _, n := range counts {
		want += n
	}
	deadline := time.Now().Add(40 * time.Second)
	for {
		got := len(c.committed(topic))
		if got >= want {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%d of %d outputs after 40 s", got, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// finish waits for the counts that are wanted, ends the lives in good order, and looks at what was committed.
func (c *cluster) finish(want map[string]int, lives ...*life) {
	c.t.Helper()
	c.awaitOutputs("word-counts", want)
	for _, l := range lives {
		if err := l.stop(c.t); err != nil {
			c.t.Fatal(err)
		}
	}
	checkCounts(c.t, c.committed("word-counts"), want)
}

// One instance works through repartition topics as it does in memory.
func TestRepartition(t *testing.T) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, want := text(500)
	c.feed("text", lines[:250]...)
	l := c.start(c.many("one"))
	l.until(t, "records read", read(250))
	c.feed("text", lines[250:]...)
	c.finish(want, l)
}

// Instances come and go; each word is counted by whoever owns its key group, and none is lost or counted twice.
func TestInstancesComeAndGo(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 4, "text", "word-counts")
	lines, want := text(900)
	one := c.start(c.many("one"))
	c.feed("text", lines[:300]...)
	one.until(t, "records read", read(100))
	two := c.start(c.many("two"))
	c.feed("text", lines[300:600]...)
	two.until(t, "partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 4 })
	one.until(t, "partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 4 })
	if err := one.stop(t); err != nil {
		t.Fatal(err)
	}
	c.feed("text", lines[600:]...)
	one = c.start(c.many("one"))
	c.finish(want, one, two)
}

// Shards go back and forth while bases are written and old deltas collected: what an instance knew of a shard when it had it before
// must not come back with it.
func TestShardsGoBackAndForth(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	often := func(o *runtime.Options) {
		o.Interval, o.Bases = 10*time.Millisecond, checkpoint.BasePolicy{MinBytes: 1, MaxDeltas: 5}
		o.SessionTimeout = 2 * time.Second // a rebalance is heard of within a quarter of it
		o.StandbyInterval = 50 * time.Millisecond
	}
	lines, want := text(1200)
	one := c.start(c.many("one"), often)
	for round := range 6 {
		two := c.start(c.many("two"), often)
		two.until(t, "partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 2 })
		for i := range 20 { // epochs of their own
			at := round*200 + i*10
			c.feed("text", lines[at:at+10]...)
			time.Sleep(10 * time.Millisecond)
		}
		if err := two.stop(t); err != nil {
			t.Fatal(err)
		}
		one.until(t, "all partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 4 })
	}
	c.finish(want, one)
	c.dropLocalState()
	again := c.start(c.many("three"), often) // from the store alone
	again.until(t, "a restore", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 4 })
	if err := again.stop(t); err != nil {
		t.Fatal(err)
	}
}

// Somebody adds partitions to a repartition topic: keys would be parted differently from their state. An instance that runs ends with the next
// rebalance, and none starts any more.
func TestPartitionsAdded(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(100)
	one, two := c.start(c.many("one")), c.start(c.many("two"))
	for _, l := range []*life{one, two} {
		l.until(t, "partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 2 })
	}
	c.feed("text", lines...)
	c.awaitOutputs("word-counts", want)
	c.addPartitions(1, "wordcount-by_word-repartition")
	if err := two.stop(t); err != nil {
		t.Error(err)
	}
	late := c.start(c.many("three"))
	for l, want := range map[*life]error{one: runtime.ErrConfig, late: runtime.ErrState} {
		if err := l.end(t); !errors.Is(err, want) || !strings.Contains(err.Error(), "wordcount-by_word-repartition") {
			t.Errorf("it says %v, want %v", err, want)
		}
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// Another job has a repartition topic of the same name: its records are not taken for this job's own, and the topic's name is told.
func TestRepartitionTopicOfTwoJobs(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	lines, want := text(100)
	one := c.start(c.many("one"))
	c.feed("text", lines...)
	c.awaitOutputs("word-counts", want)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	topic := runtime.RepartitionTopic("wordcount", "by_word")
	foreign := kgo.Record{Topic: topic, Key: []byte("wordcount-by"), Value: []byte("\x01")}
	if err := cl.ProduceSync(t.Context(), &foreign).FirstErr(); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-one.done:
		one.close()
	case <-time.After(20 * time.Second):
		t.Fatal("it took a record of another job")
	}
	for _, said := range []string{topic, `job "wordcount-by"`, `job "wordcount"`, "WEIR_JOB_ID", `"by_word"`} {
		if !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), said) {
			t.Errorf("it says %v, want %q", err, said)
		}
	}
	checkCounts(t, c.committed("word-counts"), want)
}

func (c *cluster) addPartitions(n int, topic string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	r, err := kadm.NewClient(cl).CreatePartitions(c.t.Context(), n, topic)
	if err = errors.Join(err, r.Error()); err != nil {
		c.t.Fatal(err)
	}
}
