package jobs_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// builtin builds a built-in job anew for every process.
func builtin(name string, p jobs.Params) func() *stream.Job {
	return func() *stream.Job {
		j, err := jobs.New(name, p)
		if err != nil {
			panic(err) // of a test
		}
		return j
	}
}

// crashEverywhere runs a built-in job with both guarantees.
func crashEverywhere(t *testing.T, name string, p jobs.Params, input []weirtest.Record, opts ...weirtest.Option) {
	job := builtin(name, p)
	t.Run("exactly-once", func(t *testing.T) { weirtest.CrashEverywhere(t, job, input, opts...) })
	t.Run("at-least-once", func(t *testing.T) {
		weirtest.CrashEverywhere(t, job, input, append(opts, weirtest.AtLeastOnce())...)
	})
}

var lines = weirtest.On("text", weirtest.Values("to be or not to be", "be", "", "not to", "or not", "to be", "be be", "or")...)

func TestWordCountCrashes(t *testing.T) {
	crashEverywhere(t, "wordcount", jobs.Params{}, lines, weirtest.Twice())
}

func TestWordCountCrashesThroughKafka(t *testing.T) {
	crashEverywhere(t, "wordcount", jobs.Params{}, lines, weirtest.ThroughKafka(2))
}

func TestCopyCrashes(t *testing.T) {
	var records []weirtest.Record
	for i := range 8 {
		r := weirtest.Pair(fmt.Sprintf("k%d", i%3), fmt.Sprint(i))
		r.Headers = []stream.Header{{Key: "n", Value: []byte{byte(i)}}, {Key: "null"}}
		records = append(records, r)
	}
	records = append(records, weirtest.Record{Key: []byte("k0")}, weirtest.Value("no key")) // a tombstone
	crashEverywhere(t, "copy", jobs.Params{}, weirtest.On("input", records...))
}

// events has some that are none.
func events() []weirtest.Record {
	var all []weirtest.Record
	for i := range 8 {
		all = append(all, weirtest.Value(fmt.Sprintf(`{"key":"k%d","value":%d,"createdAt":%d}`, i%3, i*i, i)))
		if i%3 == 0 {
			all = append(all, weirtest.Pair("poison", fmt.Sprintf(`{"key":%d`, i)))
		}
	}
	return weirtest.On("events", all...)
}

// timeless leaves createdAt out: it is the time of processing.
func timeless(r weirtest.Record) string {
	var e struct {
		Key   string
		Value json.Number
		Label string
	}
	if err := json.Unmarshal(r.Value, &e); err != nil {
		return fmt.Sprintf("%s, %q", r.Value, r.Headers)
	}
	return fmt.Sprint(e.Key, " ", e.Value, " ", e.Label)
}

// TestClassifyCrashes: records that are no events are skipped, or go to the dead letters.
func TestClassifyCrashes(t *testing.T) {
	opts := []weirtest.Option{weirtest.Show(timeless), weirtest.UnstableState("aggregate_stream", "sum")}
	dead := jobs.Params{BadRecords: stream.DeadLetter("bad-events")}
	t.Run("skip", func(t *testing.T) {
		crashEverywhere(t, "classify", jobs.Params{BadRecords: stream.Skip}, events(), opts...)
	})
	t.Run("dead-letter", func(t *testing.T) { crashEverywhere(t, "classify", dead, events(), opts...) })
	t.Run("kafka", func(t *testing.T) {
		crashEverywhere(t, "classify", dead, events(), append(opts, weirtest.Epochs(2), weirtest.ThroughKafka(1))...)
	})
}

// All events come within the first window.
func TestClassifyWindowCrashes(t *testing.T) {
	p := jobs.Params{ClassifyWindow: time.Minute, BadRecords: stream.Skip}
	opts := []weirtest.Option{weirtest.Show(timeless), weirtest.Epochs(2), weirtest.Wait(time.Minute)}
	t.Run("memory", func(t *testing.T) { weirtest.CrashEverywhere(t, builtin("classify", p), events(), opts...) })
	t.Run("kafka", func(t *testing.T) {
		weirtest.CrashEverywhere(t, builtin("classify", p), events(), append(opts, weirtest.ThroughKafka(1))...)
	})
}
