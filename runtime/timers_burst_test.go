package runtime_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// msOf is the time of "ms …".
func msOf(line string) int64 {
	at, _, _ := strings.Cut(line, " ")
	ms, _ := strconv.ParseInt(at, 10, 64)
	return ms
}

// alarms writes the id of every record of "text" ("ms id") when event time reaches 1 s.
func alarms(pause time.Duration) *stream.Job {
	job := stream.NewJob("alarms")
	in := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.Watermarks(0), stream.TimestampOf(msOf))
	fired := stream.Process(stream.KeyBy(in, func(v string) string { return v[strings.Index(v, " ")+1:] }, stream.UID("by_id")), func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], _ stream.Timer) error {
			time.Sleep(pause)
			ctx.Emit(ctx.Key())
			return nil
		})
		return func(_ *stream.Context[string, string], v string) error {
			if msOf(v) > 1000 {
				return nil
			}
			return timers.Set(stream.EventTime, 1000)
		}
	}, stream.UID("alarms"))
	stream.To(fired, "word-counts", stream.AsValue(state.String{}))
	return job
}

// Barriers pass while many timers of event time are due, and what has not fired when an instance ends fires in the next one's life, once.
func TestBarriersPassDueTimers(t *testing.T) {
	t.Parallel()
	for _, exchange := range []string{"memory", "kafka"} {
		t.Run(exchange, func(t *testing.T) {
			c := newCluster(t, 1, "text", "word-counts")
			var through []setting
			if exchange == "kafka" {
				through = append(through, c.many("one"))
			}
			barriersPassDueTimers(t, c, through)
		})
	}
}

func barriersPassDueTimers(t *testing.T, c *cluster, through []setting) {
	const n = 6000
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("1 %d", i))
	}
	c.feed("text", lines...)
	often := func(o *runtime.Options) { o.Interval = 20 * time.Millisecond }
	l := c.start(append(through, runs(t, alarms(4*time.Millisecond)), often)...)
	l.until(t, "all read", func(s runtime.Status) bool { return s.RecordsIn >= n })
	c.feed("text", "2000 clock")
	fired := func() int { return len(c.committed("word-counts")) }
	l.until(t, "the first", func(runtime.Status) bool { return fired() > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	some := fired()
	if some == 0 || some >= n {
		t.Errorf("%d of %d had fired when the first life ended", some, n)
	}
	c.dropLocalState()
	l = c.start(append(through, runs(t, alarms(0)))...)
	l.until(t, "all fired", func(runtime.Status) bool { return fired() >= n })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, c.committed("word-counts"), n)
}
