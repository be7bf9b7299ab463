package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/runtime"
)

// metricOf is the sum of a metric's series that have these labels, each as name and value.
func metricOf(t testing.TB, reg prometheus.Gatherer, name string, labels ...string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			fits := f.GetName() == name
			for i := 0; i < len(labels); i += 2 {
				fits = fits && have[labels[i]] == labels[i+1]
			}
			if fits {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// TestSavepointsBySchedule: they come by themselves, and old ones go; those that people asked for stay. All are counted.
func TestSavepointsBySchedule(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "a b c")
	reg := prometheus.NewRegistry()
	l := c.start(func(o *runtime.Options) {
		o.SavepointInterval, o.SavepointsRetained = 100*time.Millisecond, 2
		o.Metrics = metrics.New(reg, "wordcount", "one")
	})
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	l.until(t, "some savepoints", func(runtime.Status) bool { return len(l.in.Savepoints()) >= 2 })
	for i := 0; ; i++ { // it has to come between two of the schedule
		if _, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "mine"}); err == nil {
			break
		} else if !errors.Is(err, runtime.ErrSavepointBusy) || i > 1000 {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	n := len(l.in.Savepoints())
	l.until(t, "more savepoints", func(runtime.Status) bool { return len(l.in.Savepoints()) >= n+4 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	store, err := checkpoint.ReadStore("file://" + filepath.Join(c.dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := snapshot.List(t.Context(), store, "wordcount/savepoint/")
	names := fmt.Sprint(len(found))
	for _, f := range found {
		names += " " + f.Header.Name
	}
	if err != nil || len(found) < 3 || len(found) > 4 || found[0].Header.Name != "mine" {
		t.Errorf("%s, %v", names, err)
	}
	const total = "weir_savepoints_total"
	if n := metricOf(t, reg, total, "trigger", "request", "result", "taken"); n != 1 {
		t.Errorf("%v savepoints that people asked for are counted", n)
	}
	if n := metricOf(t, reg, total, "trigger", "schedule", "result", "taken"); n < 4 {
		t.Errorf("%v savepoints by schedule are counted", n)
	}
	if metricOf(t, reg, "weir_last_savepoint_timestamp_seconds") == 0 || metricOf(t, reg, "weir_last_savepoint_bytes") == 0 || metricOf(t, reg, "weir_last_savepoint_duration_seconds") == 0 {
		t.Error("nothing is said of the last savepoint")
	}
}

// A savepoint by schedule that can't be written is counted, and the job goes on.
func TestFailedSavepointBySchedule(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "a b c")
	reg := prometheus.NewRegistry()
	l := c.start(func(o *runtime.Options) {
		o.SavepointInterval, o.Store = 50*time.Millisecond, noSavepoints{o.Store}
		o.Metrics = metrics.New(reg, "wordcount", "one")
	})
	l.until(t, "two failures", func(runtime.Status) bool {
		return metricOf(t, reg, "weir_savepoints_total", "trigger", "schedule", "result", "failed") >= 2
	})
	commits := l.in.Status().Commits
	c.feed("text", "d")
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > commits })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if metricOf(t, reg, "weir_savepoints_total", "result", "taken") != 0 || metricOf(t, reg, "weir_last_savepoint_timestamp_seconds") != 0 {
		t.Error("a savepoint that was not taken is told of")
	}
}

// noSavepoints is a store that takes none.
type noSavepoints struct{ checkpoint.Store }

func (s noSavepoints) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if strings.Contains(name, "/savepoint/") {
		return errAway
	}
	return s.Store.Put(ctx, name, write)
}
