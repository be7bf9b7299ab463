package runtime_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

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
