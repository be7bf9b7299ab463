package runtime_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/confluent"
)

// cluster is franz-go's in-process broker with topics of its own.
type cluster struct {
	t testing.TB
	*kfake.Cluster
	brokers string
	dir     string
}

func newCluster(t testing.TB, partitions int32, topics ...string) *cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second), kfake.SeedTopics(partitions, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &cluster{t: t, Cluster: c, brokers: strings.Join(c.ListenAddrs(), ","), dir: t.TempDir()}
}

// feed writes lines round robin over the partitions.
func (c *cluster) feed(topic string, lines ...string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	var rs []*kgo.Record
	for _, l := range lines {
		rs = append(rs, kgo.StringRecord(l))
	}
	if err := cl.ProduceSync(c.t.Context(), rs...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}

// committed reads a topic up to its last stable offset.
func (c *cluster) committed(topic string) []*kgo.Record {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords()) // an end may be behind one of those
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListCommittedOffsets(c.t.Context(), topic)
	if err != nil {
		c.t.Fatal(err)
	}
	missing := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			missing[o.Partition] = o.Offset
		}
	})
	var out []*kgo.Record
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	for len(missing) > 0 {
		if ctx.Err() != nil {
			c.t.Fatalf("%s: not read up to %v (by partition) in time", topic, missing)
		}
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= missing[r.Partition] {
				delete(missing, r.Partition)
			}
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
		})
	}
	return out
}

// life is one run of an instance: what a process is in production.
type life struct {
	in     *runtime.Instance
	o      runtime.Options
	cancel context.CancelFunc
	done   chan error
	close  func()
}

type setting func(*runtime.Options)

// start runs word count on the cluster, on the state and checkpoints of the cluster's folder.
func (c *cluster) start(settings ...setting) *life {
	c.t.Helper()
	client, err := confluent.New(txn.ClusterConfig{Brokers: c.brokers, ClientID: "weir-test"})
	if err != nil {
		c.t.Fatal(err)
	}
	job, err := jobs.New("wordcount", jobs.Params{})
	if err != nil {
		c.t.Fatal(err)
	}
	plan, err := job.Plan()
	if err != nil {
		c.t.Fatal(err)
	}
	store, err := checkpoint.OpenStore("file://" + filepath.Join(c.dir, "checkpoints"))
	if err != nil {
		c.t.Fatal(err)
	}
	backend, err := pebble.Open(filepath.Join(c.dir, "state"), pebble.Options{JobID: "wordcount"})
	if err != nil {
		c.t.Fatal(err)
	}
	o := runtime.Options{
		Plan: plan, JobID: "wordcount", InstanceID: "one", Client: client, Guarantee: twophase.ExactlyOnce,
		Interval: 50 * time.Millisecond, Backend: backend, Store: store, Parallelism: 2, MaxParallelism: 128,
		OverlayLimit: 8 << 20, CacheBytes: 32 << 20, TransactionTimeout: 10 * time.Second, SessionTimeout: 6 * time.Second,
		StartTimeout: 10 * time.Second, ShutdownTimeout: 8 * time.Second,
		Logger: slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, s := range settings {
		s(&o)
	}
	in, err := runtime.New(o)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{in: in, o: o, cancel: cancel, done: make(chan error, 1), close: func() { closeBoth(c.t, o.Backend, store) }}
	go func() { l.done <- in.Run(ctx) }()
	return l
}

func closeBoth(t testing.TB, b state.Backend, s checkpoint.Store) {
	if b != nil {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if s != nil {
		s.Close()
	}
}

// stop ends a life in good order and returns what Run returned.
func (l *life) stop(t testing.TB) error {
	t.Helper()
	l.cancel()
	return l.end(t)
}

// end waits until a life ends by itself, and returns what Run returned.
func (l *life) end(t testing.TB) error {
	t.Helper()
	select {
	case err := <-l.done:
		l.close()
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("the instance does not end: %+v", l.in.Status())
		return nil
	}
}

// until waits for a condition on the instance's status.
func (l *life) until(t testing.TB, what string, ok func(runtime.Status) bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok(l.in.Status()) {
		select {
		case err := <-l.done:
			t.Fatalf("ended while waiting for %s: %v", what, err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s; status %+v", what, l.in.Status())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// checkCounts: the committed outputs of every word are exactly 1..n in order.
func checkCounts(t testing.TB, records []*kgo.Record, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, r := range records {
		word := string(r.Key)
		got[word]++
		if expect := fmt.Sprintf("%s %d", word, got[word]); string(r.Value) != expect {
			t.Fatalf("output %d of %q is %q, want %q", got[word], word, r.Value, expect)
		}
	}
	for w, n := range want {
		if got[w] != n {
			t.Errorf("%q: %d outputs, want %d", w, got[w], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d words, want %d", len(got), len(want))
	}
}

// text makes lines of pseudo-random words and counts them.
func text(lines int) ([]string, map[string]int) {
	counts := map[string]int{}
	var out []string
	for i := range lines {
		var words []string
		for j := range 10 {
			w := fmt.Sprintf("w%d", (i*i+j*7)%97)
			counts[w]++
			words = append(words, w)
		}
		out = append(out, strings.Join(words, " "))
	}
	return out, counts
}

// dropLocalState removes the state folder: the next life restores from the checkpoint store.
func (c *cluster) dropLocalState() {
	c.t.Helper()
	if err := os.RemoveAll(filepath.Join(c.dir, "state")); err != nil {
		c.t.Fatal(err)
	}
}

// forgetGroup deletes the group and its offsets, as the broker does after offsets.retention.minutes.
func (c *cluster) forgetGroup(group string) {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).DeleteGroup(c.t.Context(), group); err != nil {
		c.t.Fatal(err)
	}
}

// disturb lets the next epoch fail as it commits, the first time, or as it sends its offsets, the second; then no more.
func (c *cluster) disturb(nth int) {
	switch nth {
	case 0:
		c.refuse(kmsg.EndTxn, kerr.InvalidTxnState)
	case 1:
		c.refuse(kmsg.TxnOffsetCommit, kerr.IllegalGeneration)
	}
}

// refuse answers the next request of a kind with an error. The result says whether that has happened.
func (c *cluster) refuse(key kmsg.Key, code *kerr.Error) (consumed func() bool) {
	var hit atomic.Bool
	c.ControlKey(key.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind()
		switch r := resp.(type) {
		case *kmsg.EndTxnResponse:
			r.ErrorCode = code.Code
		case *kmsg.TxnOffsetCommitResponse:
			for _, t := range req.(*kmsg.TxnOffsetCommitRequest).Topics {
				rt := kmsg.NewTxnOffsetCommitResponseTopic()
				rt.Topic = t.Topic
				for _, p := range t.Partitions {
					rp := kmsg.NewTxnOffsetCommitResponseTopicPartition()
					rp.Partition, rp.ErrorCode = p.Partition, code.Code
					rt.Partitions = append(rt.Partitions, rp)
				}
				r.Topics = append(r.Topics, rt)
			}
		}
		hit.Store(true)
		return resp, nil, true
	})
	return hit.Load
}
