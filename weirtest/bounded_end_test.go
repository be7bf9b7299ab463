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
