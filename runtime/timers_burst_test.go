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

// alarms writes the id of every record of "text" ("ms id") when event time reaches 1 s.
func alarms(pause time.Duration) *stream.Job {
	type alarm struct {
		At int64
		ID string
	}
	job := stream.NewJob("alarms")
	in := stream.From(job, stream.Topics("text"), func(r *stream.Record) (alarm, error) {
		at, id, _ := strings.Cut(string(r.Value), " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		return alarm{ms, id}, err
	}, stream.Watermarks(0), stream.TimestampOf(func(a alarm) int64 { return a.At }))
	fired := stream.Process(stream.KeyBy(in, func(a alarm) string { return a.ID }, stream.UID("by_id")), func(s *stream.Setup) stream.ProcessFunc[string, alarm, string] {
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], _ stream.Timer) error {
			time.Sleep(pause)
			ctx.Emit(ctx.Key())
			return nil
		})
		return func(ctx *stream.Context[string, string], a alarm) error {
			if a.At > 1000 {
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
	const n = 6000
	c := newCluster(t, 1, "text", "word-counts")
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("1 %d", i))
	}
	c.feed("text", lines...)
	l := c.start(runs(t, alarms(200*time.Microsecond)), func(o *runtime.Options) { o.Interval = 20 * time.Millisecond })
	l.until(t, "all read", func(s runtime.Status) bool { return s.RecordsIn == n && s.Lag == 0 })
	c.feed("text", "2000 clock")
	l.until(t, "the first", func(s runtime.Status) bool { return s.RecordsOut > 0 })
	before := l.in.Status().Commits
	l.until(t, "barriers among them", func(s runtime.Status) bool { return s.Commits >= before+3 })
	if out := l.in.Status().RecordsOut; out >= n {
		t.Errorf("%d commits, but only after all %d", l.in.Status().Commits-before, out)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	some := len(c.committed("word-counts"))
	if some == 0 || some >= n {
		t.Errorf("%d of %d had fired when the first life ended", some, n)
	}
	c.dropLocalState()
	l = c.start(runs(t, alarms(0)))
	l.until(t, "all fired", func(s runtime.Status) bool {
		return s.RecordsOut >= uint64(n-some) && time.Since(s.LastCommit) > 200*time.Millisecond
	})
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, c.committed("word-counts"), n)
}
