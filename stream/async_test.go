package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
)

// lookUp asks a service, as it were.
func lookUp(ctx context.Context, id string) (string, error) {
	wait := map[string]time.Duration{"1": 200 * time.Millisecond}[id]
	select {
	case <-time.After(wait):
		return "customer " + id, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// The first call takes longest. Its result comes first all the same.
func ExampleAsync() {
	job := stream.NewJob("customers")
	customers := stream.Async(words(job), lookUp, stream.Concurrency(10), stream.Timeout(time.Second), stream.Retry(3, 100*time.Millisecond),
		stream.UID("look_up"))
	stream.To(customers, "out", stream.AsValue(state.String{}))
	play(job, "1", "2", "3")
	// Output:
	// customer 1
	// customer 2
	// customer 3
}

// Who has to wait doesn't hold up others.
func ExampleUnordered() {
	job := stream.NewJob("customers")
	customers := stream.Async(words(job), lookUp, stream.Unordered())
	stream.To(customers, "out", stream.AsValue(state.String{}))
	play(job, "1", "2")
	// Output:
	// customer 2
	// customer 1
}

func ExampleRetry() {
	job := stream.NewJob("insist")
	asked := 0
	answers := stream.Async(words(job), func(_ context.Context, v string) (string, error) {
		if asked++; asked < 3 {
			return "", errors.New("busy")
		}
		return fmt.Sprint(v, " after ", asked), nil
	}, stream.Retry(3, time.Millisecond))
	stream.To(answers, "out", stream.AsValue(state.String{}))
	play(job, "answer")
	// Output: answer after 3
}

func TestAsyncMistakes(t *testing.T) {
	fn := func(_ context.Context, v string) (string, error) { return v, nil }
	for want, opts := range map[string][]stream.Option{
		`operator "a": its concurrency is below 1`:                        {stream.Concurrency(0)},
		`operator "a": its timeout is less than 1ms`:                      {stream.Timeout(0)},
		`operator "a": the number of its attempts is not 1 to 1000`:       {stream.Retry(0, time.Second)},
		`operator "a": the pause between its attempts is negative`:        {stream.Retry(1, -1)},
		`operator "a": TimestampOf, Watermarks and IdleAfter are options`: {stream.Watermarks(0)},
	} {
		job := stream.NewJob("j")
		stream.To(stream.Async(words(job), fn, append(opts, stream.UID("a"))...), "out", stream.AsValue(state.String{}))
		if _, err := job.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	job := stream.NewJob("j")
	stream.To(stream.Async[string, string](words(job), nil), "out", stream.AsValue(state.String{}), stream.Unordered())
	raw := stream.From(job, stream.Topics("raw"), stream.Raw)
	stream.To(stream.Async(raw, func(_ context.Context, r *stream.Record) (*stream.Record, error) { return r, nil }), "out", stream.AsRecord)
	_, err := job.Plan()
	for _, want := range []string{"its function is nil", "are options of Async", "can't wait for a call"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// How long a barrier can wait is that of the longest way, not of all.
func TestPlanWait(t *testing.T) {
	fn := func(_ context.Context, v string) (string, error) { return v, nil }
	job := stream.NewJob("j")
	call := func(s stream.Stream[string], uid string, d time.Duration) stream.Stream[string] {
		return stream.Async(s, fn, stream.Timeout(d), stream.UID(uid))
	}
	in := words(job)
	a, b := call(in, "a", 2*time.Second), call(in, "b", time.Second)
	c := call(stream.KeyBy(stream.Union(a, b), func(v string) string { return v }), "c", time.Second)
	stream.To(c, "out", stream.AsValue(state.String{}))
	stream.To(call(in, "d", time.Second), "out", stream.AsValue(state.String{}))
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(plan.Wait); got != "{3s [a c]}" {
		t.Error(got)
	}
}

// A call that fails is a bad record like any other, and its dead letter is its own source record, though the task has gone on.
func TestAsyncOnError(t *testing.T) {
	refused := func(_ context.Context, v string) (string, error) {
		if v == "bad" {
			time.Sleep(10 * time.Millisecond)
			return "", errors.New("refused")
		}
		return v, nil
	}
	for _, p := range []stream.ErrorPolicy{stream.Skip, stream.DeadLetter("dead")} {
		job := stream.NewJob("j")
		asked := stream.Async(words(job), refused, stream.OnError(p), stream.UID("ask"))
		stream.To(asked, "out", stream.AsValue(state.String{}))
		records, err := streamtest.Run(job, "1", "bad", "2", "3")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range records {
			got += r.Topic + ":" + string(r.Value) + " "
		}
		want := "out:1 out:2 out:3 "
		if p != stream.Skip {
			want = "out:1 dead:bad out:2 out:3 "
		}
		if got != want {
			t.Errorf("%v: got %s, want %s", p, got, want)
		}
	}
}
