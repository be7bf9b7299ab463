package weirtest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// lately counts words in minutes of event time, and, in days of the clock, in how many minutes each count was come to.
func lately() *stream.Job {
	job := stream.NewJob("lately")
	type word = stream.KV[int64, string]
	words := stream.From(job, stream.Topics("text"), func(r *stream.Record) (w word, err error) {
		_, err = fmt.Sscan(string(r.Value), &w.Key, &w.Value)
		return w, err
	}, stream.Watermarks(0), stream.TimestampOf(func(w word) int64 { return w.Key * 1000 }), stream.UID("words"))
	byWord := stream.KeyBy(words, func(w word) string { return w.Value }, stream.Through(state.JSON[word]{}), stream.UID("by_word"))
	minutes := stream.WindowAggregate(byWord, stream.Tumbling(time.Minute), stream.Aggregator[word, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 },
		Add: func(acc int64, _ word) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
	}, stream.UID("minutes"))
	stream.To(minutes, "minutes", func(p stream.Pane[string, int64], out *stream.Output) error {
		out.Key, out.Value = []byte(p.Key), fmt.Appendf(nil, "%d:%d", p.Window.Start/1000, p.Value)
		return nil
	})
	counts := stream.Map(minutes, func(p stream.Pane[string, int64]) int64 { return p.Value }, stream.UID("counts"))
	byCount := stream.KeyBy(counts, func(n int64) string { return fmt.Sprint(n) }, stream.Through(state.Int64{}), stream.UID("by_count"))
	days := stream.WindowReduce(byCount, stream.Tumbling(24*time.Hour).ProcessingTime(), state.Int64{}, func(a, b int64) int64 { return a + b }, stream.UID("days"))
	stream.To(days, "days", func(p stream.Pane[string, int64], out *stream.Output) error {
		out.Key, out.Value = []byte(p.Key), fmt.Append(nil, p.Value)
		return nil
	})
	return job
}

var late = weirtest.On("text", weirtest.Values("5 a", "20 b", "30 a", "70 a", "90 b", "130 a")...)

// A drain lets all windows fire, also those of the clock that wait for what others let go; the job goes on afterwards, with event time as it was.
func TestDrain(t *testing.T) {
	for name, opts := range map[string][]weirtest.Option{"memory": nil, "kafka": {weirtest.ThroughKafka(2)}} {
		t.Run(name, func(t *testing.T) {
			h := weirtest.New(t, lately, opts...)
			h.Send("text", weirtest.Values("5 a", "20 b", "30 a", "70 a")...)
			h.Commit()
			wantOutputs(t, h, "minutes", "a=0:2", "b=0:1")
			wantOutputs(t, h, "days")
			h.Drain()
			wantOutputs(t, h, "minutes", "a=0:2", "a=60:1", "b=0:1")
			wantOutputs(t, h, "days", "1=2", "2=2")
			h.Send("text", weirtest.Values("75 a", "20 b")...) // a window that opens again, and a record that is late
			h.Commit()
			h.Drain()
			wantOutputs(t, h, "minutes", "a=0:2", "a=60:1", "a=60:1", "b=0:1")
			wantOutputs(t, h, "days", "1=1", "1=2", "2=2")
		})
	}
}

func wantOutputs(t *testing.T, h *weirtest.Harness, topic string, want ...string) {
	t.Helper()
	if got := values(h.Outputs(topic)); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", topic, got, want)
	}
}

// Whatever goes wrong while a job is drained, everything fires once.
func TestCrashDrain(t *testing.T) {
	weirtest.CrashEverywhere(t, lately, late, weirtest.Drain(), weirtest.Epochs(2))
}

func TestCrashDrainThroughKafka(t *testing.T) {
	weirtest.CrashEverywhere(t, lately, late, weirtest.Drain(), weirtest.Epochs(2), weirtest.ThroughKafka(1))
}
