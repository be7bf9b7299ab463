package runtime_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// lines is what was logged.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// count counts the lines with both texts in them.
func (l *lines) count(a, b string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		if strings.Contains(line, a) && strings.Contains(line, b) {
			n++
		}
	}
	return n
}

// copying runs a job that copies a topic to one that each record chooses.
func copying(t *testing.T, from stream.Subscription, to string) setting {
	job := stream.NewJob("copying")
	in := stream.From(job, from, stream.Raw, stream.UID("lines"))
	stream.ToAny(in, func(r *stream.Record, out *stream.Output) error {
		out.Value, out.Topic = r.Value, to
		return nil
	})
	return runs(t, job)
}

// A job that would read what it writes, however it comes by the topic, is refused.
func TestJobReadsItsOutput(t *testing.T) {
	c := newCluster(t, 1, "text", "text-copy")
	c.feed("text", "a")
	loop := stream.NewJob("loop")
	stream.To(stream.From(loop, stream.Topics("text"), stream.Values(state.String{}), stream.UID("lines")), "text", stream.AsValue(state.String{}))
	byName := `source "lines" reads topic "text", which the job writes to`
	if err := c.start(runs(t, loop)).end(t); !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), byName) {
		t.Errorf("by name: %v", err)
	}
	for reason, from := range map[string]stream.Subscription{
		`the pattern of source "lines" matches topic "text-copy"`: stream.Pattern("text.*"),
		`source "lines" reads topic "text-copy"`:                  stream.Topics("text", "text-copy"),
	} {
		if err := c.start(copying(t, from, "text-copy")).end(t); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// Topics that any job keeps for itself match no pattern, and the log says so; by its name every topic can be read.
func TestPatternLeavesOutInternalTopics(t *testing.T) {
	c := newCluster(t, 1, "orders", "orders-etl-commits", "orders-etl-by_word-repartition", "copy")
	for _, topic := range []string{"orders", "orders-etl-commits", "orders-etl-by_word-repartition"} {
		c.feed(topic, topic)
	}
	log := &lines{}
	logged := func(o *runtime.Options) {
		o.Logger, o.Discovery = slog.New(slog.NewTextHandler(log, nil)), 20*time.Millisecond
	}
	l := c.start(copying(t, stream.Pattern("orders.*"), "copy"), logged)
	l.until(t, "the one topic", func(s runtime.Status) bool { return s.RecordsIn > 0 && s.Commits > 0 })
	c.feed("orders", "more")
	l.until(t, "more", read(2))
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"orders-etl-commits", "orders-etl-by_word-repartition"} {
		if n := log.count("not read", "topic="+topic); n != 1 {
			t.Errorf("topic %s is told of %d times", topic, n)
		}
	}
	c.dropLocalState()
	l = c.start(copying(t, stream.Topics("orders-etl-commits"), "copy"), func(o *runtime.Options) { o.JobID = "again" })
	l.until(t, "by name", read(1))
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if n := len(c.committed("copy")); n != 3 {
		t.Fatalf("%d records", n)
	}
}

// A topic that a pattern has matched and that somebody deletes is left out; the others go on, exactly once. One that is named ends the job.
func TestPatternLosesTopic(t *testing.T) {
	c := newCluster(t, 1, "text-1", "text-2", "word-counts")
	discovery := func(o *runtime.Options) { o.Discovery = 200 * time.Millisecond }
	l := c.start(counting(t, jobs.Params{Inputs: []string{"^text-.*$"}}), discovery)
	c.feed("text-1", "a", "b")
	c.feed("text-2", "a", "b")
	l.until(t, "running", func(s runtime.Status) bool { return s.RecordsIn == 4 && s.Commits > 0 })
	c.admin(func(a *kadm.Client) error { _, err := a.DeleteTopics(t.Context(), "text-2"); return err })
	c.feed("text-1", "c", "a")
	lacking := func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions == 1 }
	l.until(t, "going on without it", lacking)
	c.feed("text-1", "d")
	l.until(t, "its outputs", func(runtime.Status) bool { return len(c.committed("word-counts")) == 7 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), map[string]int{"a": 3, "b": 2, "c": 1, "d": 1})

	l = c.start(counting(t, jobs.Params{Inputs: []string{"text-1"}}), discovery)
	c.feed("text-1", "d")
	l.until(t, "running again", read(1))
	c.admin(func(a *kadm.Client) error { _, err := a.DeleteTopics(t.Context(), "text-1"); return err })
	if err := l.end(t); err == nil || !strings.Contains(err.Error(), `topic "text-1" does not exist`) {
		t.Fatal(err)
	}
}
