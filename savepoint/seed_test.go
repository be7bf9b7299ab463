package savepoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// classify is the built-in job, without its window: each event passes on at once.
func classify() *stream.Job {
	job, err := jobs.New("classify", jobs.Params{})
	if err != nil {
		panic(err)
	}
	return job
}

func events(keys ...string) (all []weirtest.Record) {
	for _, k := range keys {
		all = append(all, weirtest.Value(fmt.Sprintf(`{"key":%q,"value":20,"createdAt":1}`, k)))
	}
	return all
}

// labels are the labels that the job has given since it began, by key; of several the last.
func labels(t *testing.T, h *weirtest.Harness) string {
	t.Helper()
	last := map[string]string{}
	for _, r := range h.Outputs("classified-events") {
		var out struct{ Key, Label string }
		if err := json.Unmarshal(r.Value, &out); err != nil {
			t.Fatal(err)
		}
		last[out.Key] = out.Label
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(last)) {
		all = append(all, k+"="+last[k])
	}
	return strings.Join(all, " ")
}

// config is a file of thresholds: {"sensor-1": 10, …}.
func config(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "thresholds.json")
	if err := os.WriteFile(name, []byte(`{"sensor-1": 30, "sensor-2": 50, "global": 1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// thresholds reads it.
func thresholds(name string) iter.Seq2[savepoint.KV[string, int64], error] {
	return func(yield func(savepoint.KV[string, int64], error) bool) {
		var limits map[string]int64
		b, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(b, &limits)
		}
		if err != nil {
			yield(savepoint.KV[string, int64]{}, err)
			return
		}
		for key, limit := range limits {
			if !yield(savepoint.KV[string, int64]{Key: key, Value: limit}, nil) {
				return
			}
		}
	}
}

// setThreshold is what classify has for a process function, turned round: it writes the state that the job reads.
func setThreshold(s *stream.Setup) stream.ProcessFunc[string, int64, struct{}] {
	threshold := stream.ValueState(s, "thresholdState", state.Int64{})
	return func(_ *stream.Context[string, struct{}], limit int64) error { return threshold.Set(limit) }
}

// The job's state is taken, its thresholds are bootstrapped from a file, and the job goes on from there: with its sums, and with labels.
func TestClassifyFromChangedSavepoint(t *testing.T) {
	ctx := context.Background()
	dir := "file://" + t.TempDir()
	h := weirtest.New(t, classify)
	h.Send("events", events("sensor-1", "sensor-2", "sensor-3")...)
	h.Commit()
	if got := labels(t, h); got != "sensor-1=UNCLASSIFIED sensor-2=UNCLASSIFIED sensor-3=UNCLASSIFIED" {
		t.Fatal(got)
	}
	h.Savepoint(dir + "/before")

	sp, err := savepoint.Load(ctx, dir+"/before")
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	edit := sp.Edit().WithOperator("classify_data", savepoint.Process(state.String{}, thresholds(config(t)), setThreshold))
	if _, err := edit.Write(ctx, dir+"/with-thresholds", savepoint.Options{}); err != nil {
		t.Fatal(err)
	}

	h = weirtest.New(t, classify, weirtest.StartFrom(dir+"/with-thresholds"))
	h.Send("events", events("sensor-1", "sensor-2", "sensor-3")...) // sums are 40 now
	h.Commit()
	// State is per key: the threshold of the key "global" is that of events with the key "global", and of no others.
	if got := labels(t, h); got != "sensor-1=L1 sensor-2=L2 sensor-3=UNCLASSIFIED" {
		t.Fatal(got)
	}
}

// The same with a savepoint that was made from nothing: there are thresholds and no sums.
func TestClassifyFromNothing(t *testing.T) {
	ctx := context.Background()
	url := "file://" + t.TempDir() + "/made"
	edit := savepoint.New(state.DefaultMaxParallelism).
		WithOperator("classify_data", savepoint.Process(state.String{}, thresholds(config(t)), setThreshold))
	if _, err := edit.Write(ctx, url, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	h := weirtest.New(t, classify, weirtest.StartFrom(url))
	h.Send("events", events("sensor-1", "sensor-1", "sensor-2", "global")...)
	h.Commit()
	if got := labels(t, h); got != "global=L1 sensor-1=L1 sensor-2=L2" {
		t.Fatal(got)
	}
}
