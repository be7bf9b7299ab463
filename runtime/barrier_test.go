package runtime_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

// inMemory is an instance of word count on an in-memory cluster, for use in a bubble.
func inMemory(t *testing.T, c *memtxn.Cluster) *runtime.Instance {
	t.Helper()
	for _, topic := range []string{"text", "word-counts"} {
		if err := c.CreateTopic(topic, 1); err != nil {
			t.Fatal(err)
		}
	}
	job, err := jobs.New("wordcount", jobs.Params{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	store, err := checkpoint.OpenStore("mem://")
	if err != nil {
		t.Fatal(err)
	}
	in, err := runtime.New(runtime.Options{
		Plan: plan, JobID: "wordcount", InstanceID: "one", Client: c.Client("one"), Interval: time.Minute,
		Backend: memory.New(), Store: store, Parallelism: 1, MaxParallelism: 128, OverlayLimit: 8 << 20, CacheBytes: 1 << 20,
		TransactionTimeout: 10 * time.Minute, SessionTimeout: 10 * time.Second, StartTimeout: 10 * time.Second, ShutdownTimeout: 10 * time.Second,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestBarrier: a barrier that is asked for comes at once, and an epoch without content gets none.
func TestBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := memtxn.NewCluster()
		in := inMemory(t, c)
		in.Barrier() // before there is anything
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- in.Run(ctx) }()
		time.Sleep(time.Second)
		for want, text := range []string{"", "a", "b", ""} {
			if text != "" {
				if err := c.Append(txn.Record{Topic: "text", Value: []byte(text)}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
			in.Barrier()
			time.Sleep(100 * time.Millisecond)
			if got := int(in.Status().Commits); got != min(want, 2) {
				t.Errorf("%d commits after %d barriers; want %d", got, want+1, min(want, 2))
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		in.Barrier() // after the end
	})
}
