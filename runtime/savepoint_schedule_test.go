package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

// The schedule goes on over restarts: what counts is when the last one was taken, by whichever process. Nor does it touch what only looks like its own.
func TestScheduleOverRestarts(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "a b c")
	const interval = 10 * time.Hour
	hourly := func(o *runtime.Options) { o.SavepointInterval, o.SavepointsRetained = interval, 1 }
	store, err := checkpoint.OpenStore("file://" + filepath.Join(c.dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	names := func() (all []string) {
		found, err := snapshot.List(t.Context(), store, "wordcount/savepoint/")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			all = append(all, strings.TrimPrefix(f.Path, "wordcount/savepoint/"))
		}
		return all
	}
	// Nothing was taken yet: one is due at once.
	l := c.start(hourly)
	l.until(t, "the first savepoint", func(runtime.Status) bool { return len(names()) == 1 })
	first := names()[0]
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	// As if it had been taken long ago, beside one that a person has named like it, and a damaged one.
	copyTree(t, filepath.Join(c.dir, "checkpoints/wordcount/savepoint", first), filepath.Join(c.dir, "checkpoints/wordcount/savepoint", "periodic-20000101T000000.000Z"))
	copyTree(t, filepath.Join(c.dir, "checkpoints/wordcount/savepoint", first), filepath.Join(c.dir, "checkpoints/wordcount/savepoint", "periodic-0-mine"))
	if err := snapshot.Delete(t.Context(), store, "wordcount/savepoint/"+first); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(c.dir, "checkpoints/wordcount/savepoint", "periodic-20990101T000000.000Z")
	if err := errors.Join(os.MkdirAll(damaged, 0o750), os.WriteFile(filepath.Join(damaged, "savepoint"), []byte("damaged"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l = c.start(hourly)
	want := func() bool {
		all := names()
		return len(all) == 3 && all[0] == "periodic-0-mine" && all[1] > "periodic-2026" && all[2] == filepath.Base(damaged)
	}
	l.until(t, "the next one", func(runtime.Status) bool { return want() })
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "periodic-mine"}); !errors.Is(err, runtime.ErrSavepointRequest) {
		t.Errorf("a savepoint of a name of the schedule's: %v", err)
	}
	own := "file://" + filepath.Join(c.dir, "checkpoints", "wordcount", "savepoint", "periodic-mine")
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{To: own}); !errors.Is(err, runtime.ErrSavepointRequest) {
		t.Errorf("a savepoint of a name of the schedule's, by its URL: %v", err)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if !want() {
		t.Errorf("savepoints %q", names())
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
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
