package weirtest

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// routed writes "topic value" to that topic, in the last partition it has; null values too.
func routed() *stream.Job {
	job := stream.NewJob("routed")
	lines := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	stream.ToAny(lines, func(line string, out *stream.Output) error {
		topic, value, some := strings.Cut(line, " ")
		out.Topic, out.Key = topic, []byte(topic)
		if some {
			out.Value = []byte(value)
		}
		out.Headers = []stream.Header{{Key: "from", Value: []byte("test")}}
		return nil
	}, stream.PartitionBy(func(_, _ []byte, n int32) int32 { return n - 1 }), stream.UID("sink"))
	return job
}

// Topics are looked at in the midst of an epoch, which can fail like anything else.
func TestOpenSinkCrashes(t *testing.T) {
	v := &verdicts{t: t}
	s := newSettings([]Option{Topics("a", "b"), Epochs(2)})
	crashEverywhere(v, routed, On("in", Values("a 1", "b 2", "a", "b 3")...), s)
	if len(v.all) > 0 {
		t.Error(v.all[0])
	}
	t.Log(v.summary)
}

// A topic that does not exist ends the job at once, with its name and the record's position.
func TestOpenSinkMissesTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(routed, newSettings([]Option{Topics("a")}))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.send(On("in", Values("a 1", "gone 2")...)); err != nil {
			t.Fatal(err)
		}
		err = w.settle(true)
		var at *operators.RecordError
		if !errors.Is(err, runtime.ErrConfig) || !errors.As(err, &at) || at.Offset != 1 || !strings.Contains(err.Error(), `topic "gone" does not exist`) {
			t.Fatalf("ends with %v", err)
		}
		if n := strings.Count(w.log.String(), "epoch failed"); n != 1 {
			t.Fatalf("failed %d times", n)
		}
		if records, err := w.cluster.Records("a", true); err != nil || len(records) > 0 {
			t.Fatalf("wrote %v, %v", records, err)
		}
	})
}
