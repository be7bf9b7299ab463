package runtime_test

import (
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// dawdle copies "text", and takes its time for each record: in the source's task, or behind an exchange.
func dawdle(keyed bool, pause time.Duration) *stream.Job {
	job := stream.NewJob("dawdle")
	in := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
	slow := func(v string) string { time.Sleep(pause); return v }
	var out stream.Stream[string]
	if keyed {
		byID := stream.KeyBy(in, func(v string) string { return v }, stream.UID("by_id"))
		out = stream.Process(byID, func(*stream.Setup) stream.ProcessFunc[string, string, string] {
			return func(ctx *stream.Context[string, string], v string) error {
				ctx.Emit(slow(v))
				return nil
			}
		}, stream.UID("slow"))
	} else {
		out = stream.Map(in, slow)
	}
	stream.To(out, "word-counts", stream.AsValue(state.String{}))
	return job
}

// A barrier waits for few records where functions are slow. Were it for all that have been read ahead, each transaction would expire before it comes, and
// the job would do the same records again for ever.
func TestSlowFunctions(t *testing.T) {
	t.Parallel()
	const n, pause = 400, 10 * time.Millisecond
	for _, where := range []string{"source", "keyed"} {
		for _, exchange := range []string{"memory", "kafka"} {
			t.Run(where+"/"+exchange, func(t *testing.T) {
				t.Parallel()
				c := newCluster(t, 1, "text", "word-counts")
				var through []setting
				if exchange == "kafka" {
					through = append(through, c.many("one"))
				}
				var lines []string
				for i := range n {
					lines = append(lines, strconv.Itoa(i))
				}
				c.feed("text", lines...)
				often := func(o *runtime.Options) { o.Interval = 50 * time.Millisecond }
				l := c.start(append(through, runs(t, dawdle(where == "keyed", pause)), often)...)
				done := func() int { return len(c.committed("word-counts")) }
				l.until(t, "the first", func(runtime.Status) bool { return done() > 0 })
				if n := done(); n > len(lines)/2 {
					t.Errorf("the first commit that is seen has %d of %d records", n, len(lines))
				}
				l.until(t, "all", func(runtime.Status) bool { return done() >= n })
				if err := l.stop(t); err != nil {
					t.Fatal(err)
				}
				checkOnce(t, c.committed("word-counts"), n)
			})
		}
	}
}

// Who waits for a barrier is told what holds it up.
func TestSlowFunctionIsNamed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "1")
	log := &lines{}
	l := c.start(runs(t, dawdle(true, 700*time.Millisecond)), func(o *runtime.Options) {
		o.Interval, o.TransactionTimeout, o.Logger = 50*time.Millisecond, time.Second, slog.New(slog.NewTextHandler(log, nil))
	})
	l.until(t, "committed", func(runtime.Status) bool { return len(c.committed("word-counts")) == 1 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if log.count("a barrier waits for records that take long", "by_id -> slow") == 0 {
		t.Errorf("nothing in the log says which stage a barrier has waited for:\n%s", log.buf.String())
	}
}
