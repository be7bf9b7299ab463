package weirtest_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// At the end of bounded input calls are still under way, whose records belong to windows, and more timers are due than fire at once: all of
// it comes before the last commit.
func TestBoundedEndWaitsForAll(t *testing.T) {
	const keys = 2000
	job := func() *stream.Job {
		job := stream.NewJob("late-answers")
		words := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.Bounded(), stream.Watermarks(0), stream.UID("words"),
			stream.TimestampOf(func(w string) int64 {
				n, _ := strconv.Atoi(strings.TrimPrefix(w, "k"))
				return int64(n)
			}))
		asked := stream.Async(words, func(ctx context.Context, w string) (string, error) {
			select {
			case <-time.After(30 * time.Second): // far more than a barrier takes
			case <-ctx.Done():
			}
			return w, ctx.Err()
		}, stream.Concurrency(keys), stream.Timeout(time.Minute), stream.UID("ask"))
		byWord := stream.KeyBy(asked, func(w string) string { return w }, stream.UID("by_word"))
		counts := stream.WindowAggregate(byWord, stream.Tumbling(time.Hour), stream.Aggregator[string, int64, int64]{
			Codec: state.Int64{}, New: func() int64 { return 0 },
			Add: func(acc int64, _ string) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
		}, stream.UID("count"))
		stream.To(counts, "counts", func(p stream.Pane[string, int64], out *stream.Output) error {
			out.Key, out.Value = []byte(p.Key), fmt.Appendf(nil, "%d", p.Value)
			return nil
		})
		return job
	}
	h := weirtest.New(t, job)
	var want []string
	for i := range keys {
		h.Send("text", weirtest.Value(fmt.Sprintf("k%04d", i)))
		want = append(want, fmt.Sprintf("k%04d=1", i))
	}
	h.Commit()
	if got := values(h.Outputs("counts")); !slices.Equal(got, want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
}

// reminders has windows and timers that wait for the clock, and the timers are set again each time.
func reminders() *stream.Job {
	job := stream.NewJob("reminders")
	words := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.Bounded(), stream.UID("words"))
	byWord := stream.KeyBy(words, func(w string) string { return w }, stream.UID("by_word"))
	reminded := stream.Process(byWord, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(ctx.Key())
			return timers.Set(stream.ProcessingTime, t.At+time.Hour.Milliseconds())
		})
		return func(ctx *stream.Context[string, string], _ string) error {
			return timers.Set(stream.ProcessingTime, ctx.Now().Truncate(24*time.Hour).Add(48*time.Hour).UnixMilli())
		}
	}, stream.UID("remind"))
	byLength := stream.KeyBy(reminded, func(w string) string { return strconv.Itoa(len(w)) }, stream.UID("by_length"))
	days := stream.WindowReduce(byLength, stream.Tumbling(24*time.Hour).ProcessingTime(), state.String{}, func(a, b string) string { return min(a, b) + max(a, b) }, stream.UID("days"))
	stream.To(days, "days", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Key, out.Value = []byte(p.Key), []byte(p.Value)
		return nil
	})
	return job
}

// What waits for the clock comes at the end of bounded input, once: what timers set there stays in the state.
func TestBoundedEndFiresTheClock(t *testing.T) {
	h := weirtest.New(t, reminders)
	h.Send("text", weirtest.Values("a", "bb", "a", "c")...)
	h.Commit()
	if got := values(h.Outputs("days")); !slices.Equal(got, []string{"1=ac", "2=bb"}) {
		t.Errorf("got %q", got)
	}
}

func TestCrashBoundedEndFiresTheClock(t *testing.T) {
	weirtest.CrashEverywhere(t, reminders, weirtest.On("text", weirtest.Values("a", "bb", "a", "c")...))
}
