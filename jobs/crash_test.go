package jobs_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// crashEverywhere runs a built-in job with both guarantees, built anew for every process.
func crashEverywhere(t *testing.T, name string, p jobs.Params, input []weirtest.Record, opts ...weirtest.Option) {
	job := func() *stream.Job {
		j, err := jobs.New(name, p)
		if err != nil {
			panic(err) // of a test
		}
		return j
	}
	t.Run("exactly-once", func(t *testing.T) { weirtest.CrashEverywhere(t, job, input, opts...) })
	t.Run("at-least-once", func(t *testing.T) {
		weirtest.CrashEverywhere(t, job, input, append(opts, weirtest.AtLeastOnce())...)
	})
}

func TestWordCountCrashes(t *testing.T) {
	lines := weirtest.Values("to be or not to be", "be", "", "not to", "or not", "to be", "be be", "or")
	crashEverywhere(t, "wordcount", jobs.Params{}, weirtest.On("text", lines...), weirtest.Twice())
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

// TestClassifyCrashes leaves createdAt out: it is the time of processing. Records that are no events are skipped, or go to the dead letters.
func TestClassifyCrashes(t *testing.T) {
	var events []weirtest.Record
	for i := range 8 {
		events = append(events, weirtest.Value(fmt.Sprintf(`{"key":"k%d","value":%d,"createdAt":%d}`, i%3, i*i, i)))
		if i%3 == 0 {
			events = append(events, weirtest.Pair("poison", fmt.Sprintf(`{"key":%d`, i)))
		}
	}
	timeless := func(r weirtest.Record) string {
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
	for name, p := range map[string]stream.ErrorPolicy{"skip": stream.Skip, "dead-letter": stream.DeadLetter("bad-events")} {
		t.Run(name, func(t *testing.T) {
			crashEverywhere(t, "classify", jobs.Params{BadRecords: p}, weirtest.On("events", events...),
				weirtest.Show(timeless), weirtest.UnstableState("aggregate_stream", "sum"))
		})
	}
}
