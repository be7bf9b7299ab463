package jobs

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// concurrently runs a job of one exchange with a goroutine for every task and returns what each keyed task writes.
func concurrently(job *stream.Job, parallelism int, partitions [][]*txn.Batch) ([][]txn.Record, error) {
	plan, err := job.Plan()
	if err != nil {
		return nil, err
	}
	reg, _ := state.NewRegistry(nil)
	backend := memory.New()
	inboxes := make([]chan operators.Batch, parallelism)
	for i := range inboxes {
		inboxes[i] = make(chan operators.Batch, 2)
	}
	out := make([][]txn.Record, parallelism)
	env := func(task int) *operators.Env {
		return &operators.Env{
			Task: task, Parallelism: parallelism, MaxParallelism: state.DefaultMaxParallelism, Now: time.Now,
			Send: func(_, target int, b operators.Batch) error { inboxes[target] <- b; return nil },
		}
	}
	var sources, keyed sync.WaitGroup
	errs := make(chan error, parallelism+len(partitions))
	for i, batches := range partitions {
		sources.Go(func() { errs <- runSource(&plan.Stages[0], env(i), batches) })
	}
	for i, inbox := range inboxes {
		e := env(i)
		e.State = state.NewStore(backend, reg, state.Options{})
		e.Produce = func(r []txn.Record) error { out[i] = append(out[i], r...); return nil }
		keyed.Go(func() { errs <- runKeyed(&plan.Stages[1], e, inbox) })
	}
	sources.Wait()
	for _, inbox := range inboxes {
		close(inbox)
	}
	keyed.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func runSource(s *stream.Stage, env *operators.Env, batches []*txn.Batch) error {
	c, err := s.New(env)
	if err != nil {
		return err
	}
	for i, b := range batches {
		if err := c.Source(b); err != nil {
			return err
		}
		if i%3 == 0 { // as when a barrier passes
			if err := c.Flush(); err != nil {
				return err
			}
		}
	}
	return c.Flush()
}

func runKeyed(s *stream.Stage, env *operators.Env, inbox <-chan operators.Batch) error {
	c, err := s.New(env)
	for b := range inbox {
		if err == nil {
			err = c.Exchange(0, b)
		}
	}
	if err != nil {
		return err
	}
	return c.Flush()
}

// Whatever the partitions, the batches and the parallelism: each word is counted 1..n in order, and n is right.
func TestWordCountEqualsMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 7).Draw(t, "parallelism")
		partitions := make([][]*txn.Batch, rapid.IntRange(1, 4).Draw(t, "partitions"))
		want := map[string]int{}
		word := rapid.StringMatching(`[a-eA-E]{1,2}`)
		for i := range partitions {
			batches := rapid.IntRange(0, 6).Draw(t, "batches")
			for range batches {
				b := &txn.Batch{Partition: txn.Partition{Topic: "text", ID: int32(i)}}
				for _, line := range rapid.SliceOfN(rapid.SliceOfN(word, 0, 12), 0, 80).Draw(t, "lines") {
					for _, w := range line {
						want[strings.ToLower(w)]++
					}
					b.Records = append(b.Records, txn.Record{Value: []byte(strings.Join(line, ", "))})
				}
				partitions[i] = append(partitions[i], b)
			}
		}
		job, err := New("wordcount", Params{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := concurrently(job, parallelism, partitions)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, records := range out {
			for _, r := range records {
				w := string(r.Key)
				got[w]++
				if string(r.Value) != fmt.Sprintf("%s %d", w, got[w]) {
					t.Fatalf("output %q is number %d of its word", r.Value, got[w])
				}
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d words, want %d", len(got), len(want))
		}
		for w, n := range want {
			if got[w] != n {
				t.Fatalf("%q counted %d times, want %d", w, got[w], n)
			}
		}
	})
}
