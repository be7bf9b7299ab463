package jobs

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

func build(t testing.TB, name string, p Params) *stream.Job {
	t.Helper()
	job, err := New(name, p)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// show is key=value of every record, in order.
func show(records []txn.Record) string {
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintf(&b, "%s=%s\n", r.Key, r.Value)
	}
	return b.String()
}

func TestWordCount(t *testing.T) {
	out, err := streamtest.Run(build(t, "wordcount", Params{}), "Flink flink, kafka!", "--", "It's FLINK_2 flink")
	if err != nil {
		t.Fatal(err)
	}
	want := "flink=flink 1\nflink=flink 2\nkafka=kafka 1\nit=it 1\ns=s 1\nflink_2=flink_2 1\nflink=flink 3\n"
	if got := show(out); got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
	if out[0].Topic != "word-counts" || out[0].Partition != txn.AnyPartition {
		t.Fatalf("written to %s[%d]", out[0].Topic, out[0].Partition)
	}
}

func TestCopy(t *testing.T) {
	r, err := streamtest.New(build(t, "copy", Params{Inputs: []string{"a", "b"}, Output: "c"}))
	if err != nil {
		t.Fatal(err)
	}
	in := []txn.Record{
		{Key: []byte("k"), Value: []byte("v"), Timestamp: 7, Offset: 3, Headers: []txn.Header{{Key: "h", Value: []byte("1")}, {Key: "h"}}},
		{Timestamp: 8, Offset: 5},
		{Key: []byte{}, Value: []byte{}, Offset: 9},
	}
	if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "b", ID: 4}, Records: in}); err != nil {
		t.Fatal(err)
	}
	out, err := r.Output()
	if err != nil || len(out) != len(in) {
		t.Fatal(out, err)
	}
	for i, got := range out {
		want := in[i]
		want.Topic, want.Partition, want.Offset = "c", txn.AnyPartition, 0
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, want %#v", got, want)
		}
	}
}

func TestClassify(t *testing.T) {
	r, err := streamtest.New(build(t, "classify", Params{}))
	if err != nil {
		t.Fatal(err)
	}
	r.Now = func() time.Time { return time.UnixMilli(99) }
	b := &txn.Batch{Partition: txn.Partition{Topic: "events"}}
	for _, v := range []string{
		`{"key":"a","value":1,"createdAt":5}`, `{"key":"b","value":0.5}`, `{"key":"a","value":-3,"createdAt":6}`, `{"key":"b","value":2,"createdAt":7}`,
	} {
		b.Records = append(b.Records, txn.Record{Value: []byte(v), Timestamp: 1})
	}
	if err := r.Feed(b); err != nil {
		t.Fatal(err)
	}
	out, err := r.Output()
	want := `a={"key":"a","value":1,"createdAt":5,"label":"UNCLASSIFIED"}
b={"key":"b","value":0.5,"createdAt":0,"label":"UNCLASSIFIED"}
a={"key":"a","value":-2,"createdAt":99,"label":"UNCLASSIFIED"}
b={"key":"b","value":2.5,"createdAt":99,"label":"UNCLASSIFIED"}
`
	if got := show(out); err != nil || got != want {
		t.Fatalf("got\n%s%v, want\n%s", got, err, want)
	}
}

// Results come at the end of each window, which begins at a multiple of its size since the epoch: the sum with the time of the last event,
// or a single event as it is.
func TestClassifyWindow(t *testing.T) {
	var r *streamtest.Runner
	job := build(t, "classify", Params{ClassifyWindow: time.Minute, now: func() time.Time { return r.Now() }})
	r, err := streamtest.New(job)
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(10 * 60_000)
	r.Now = func() time.Time { return now }
	r.Backend = thresholds(t, job, map[string]int64{"a": 10})
	at := func(ms int64) { // in the window of minute 10
		t.Helper()
		now = time.UnixMilli(10*60_000 + ms)
		if err := r.Advance(now); err != nil {
			t.Fatal(err)
		}
	}
	feed := func(values ...string) {
		t.Helper()
		b := &txn.Batch{Partition: txn.Partition{Topic: "events"}}
		for _, v := range values {
			b.Records = append(b.Records, txn.Record{Value: []byte(v), Timestamp: 1})
		}
		if err := r.Feed(b); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Output(); err != nil { // into the window
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		out, err := r.Output()
		// Windows that end at the same time come in no order that was promised.
		slices.SortFunc(out, func(a, b txn.Record) int { return bytes.Compare(a.Key, b.Key) })
		if got := show(out); got != want || err != nil {
			t.Fatalf("got\n%s%v, want\n%s", got, err, want)
		}
		for _, rec := range out {
			if (rec.Timestamp+1)%60_000 != 0 {
				t.Fatalf("timestamp %d is not the end of a minute", rec.Timestamp)
			}
		}
	}
	at(0)
	feed(`{"key":"a","value":8,"createdAt":5}`, `{"key":"b","value":1,"createdAt":6}`)
	at(30_000)
	feed(`{"key":"a","value":4,"createdAt":7}`)
	at(59_999)
	check("")
	at(60_000)
	check(`a={"key":"a","value":12,"createdAt":630000,"label":"L1"}
b={"key":"b","value":1,"createdAt":6,"label":"UNCLASSIFIED"}
`)
	feed(`{"key":"a","value":10,"createdAt":8}`) // of the next one
	at(300_000)
	check(`a={"key":"a","value":10,"createdAt":8,"label":"L2"}
`)
}

// A threshold is set from outside, in committed state.
func TestClassifyThreshold(t *testing.T) {
	job := build(t, "classify", Params{})
	r, err := streamtest.New(job)
	if err != nil {
		t.Fatal(err)
	}
	r.Backend = thresholds(t, job, map[string]int64{"a": 10, "b": -1})
	b := &txn.Batch{Partition: txn.Partition{Topic: "events"}}
	for _, v := range []string{`{"key":"a","value":10}`, `{"key":"a","value":0.5}`, `{"key":"b","value":0}`, `{"key":"c","value":1}`} {
		b.Records = append(b.Records, txn.Record{Value: []byte(v)})
	}
	if err := r.Feed(b); err != nil {
		t.Fatal(err)
	}
	out, err := r.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"L2", "L1", "L1", "UNCLASSIFIED"} {
		if !strings.HasSuffix(string(out[i].Value), `"label":"`+want+`"}`) {
			t.Errorf("output %d is %s, want %s", i, out[i].Value, want)
		}
	}
}

// thresholds is a backend with these values of classify_data's thresholdState.
func thresholds(t *testing.T, job *stream.Job, limits map[string]int64) state.Backend {
	t.Helper()
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	reg, _ := state.NewRegistry(nil)
	for _, s := range plan.Stages {
		if err := s.States(reg); err != nil { // gives the states their ids
			t.Fatal(err)
		}
	}
	backend := memory.New()
	store := state.NewStore(backend, reg, state.Options{})
	threshold, err := state.NewValue(store, "classify_data", "thresholdState", state.Int64{})
	if err != nil {
		t.Fatal(err)
	}
	for key, limit := range limits {
		store.SetKey(state.KeyGroup([]byte(key), state.DefaultMaxParallelism), []byte(key))
		if err := threshold.Set(limit); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := store.Seal(1)
	if err == nil {
		err = backend.Apply(entries, "1")
	}
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

func TestClassifyMalformed(t *testing.T) {
	_, err := streamtest.Run(build(t, "classify", Params{}), `{"key":"a","value":1}`, `{"key":"secret","value":}`)
	var at *operators.RecordError
	if !errors.As(err, &at) || at.UID != "kafka_source" || at.Topic != "events" || at.Partition != 0 || at.Offset != 1 {
		t.Fatalf("%#v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Fatalf("the error shows data: %v", err)
	}
}

func TestNewErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Params
		want string
	}{
		{"wordcout", Params{}, `no built-in job is called "wordcout": did you mean "wordcount"? there are classify, copy, wordcount`},
		{"Copy", Params{}, `no built-in job is called "Copy": did you mean "copy"? there are classify, copy, wordcount`},
		{"", Params{}, `no built-in job is called "": there are classify, copy, wordcount`},
		{"copy", Params{Output: "input"}, `job copy: topic "input" is both input and output`},
	} {
		if _, err := New(c.name, c.p); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// The plans are what operators of these jobs know them by: uids, topics and states must not change by accident.
func TestPlans(t *testing.T) {
	for name, want := range map[string]string{
		"copy":      "kafka_source -> kafka_sink",
		"wordcount": "kafka_source -> split_words | by_word -> count_words -> kafka_sink",
		"classify":  "kafka_source | by_key -> aggregate_stream -> classify_data -> kafka_sink",
	} {
		plan, err := build(t, name, Params{}).Plan()
		if err != nil {
			t.Fatal(err)
		}
		var stages []string
		for _, s := range plan.Stages {
			stages = append(stages, s.Name)
		}
		got := strings.Join(stages, " | ")
		if plan.Job != name || got != want {
			t.Errorf("job %s: stages %s, want %s", plan.Job, got, want)
		}
	}
}
