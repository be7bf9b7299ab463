package stream_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// In processing time a window joins what has come while it was open, whatever its timestamps, and forgets it at its end.
func TestWindowJoinByTheClock(t *testing.T) {
	for name, w := range map[string]stream.Windows{"tumbling": stream.Tumbling(10 * time.Second), "session": stream.Session(10 * time.Second)} {
		t.Run(name, func(t *testing.T) {
			text := state.String{}
			job := stream.NewJob("clock")
			side := func(topic string) *stream.Keyed[string, string] {
				return stream.KeyBy(stream.From(job, stream.Topics(topic), stream.Values(text)), func(string) string { return "k" })
			}
			joined := stream.WindowJoin(side("left"), side("right"), w.ProcessingTime(), text, text, matched("outer"), stream.UID("join"))
			stream.To(joined, "out", func(p stream.Pane[string, string], out *stream.Output) error {
				out.Value = fmt.Appendf(out.Buf(), "%s at %d", p.Value, p.Window.End/1000)
				return nil
			})
			r, err := streamtest.New(job)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, step := range []struct {
				at    int64
				topic string
			}{{100, "left"}, {101, "right"}, {115, "right"}, {119, "left"}, {125, "left"}, {300, ""}} {
				if err := r.Advance(time.Unix(step.at, 0)); err != nil {
					t.Fatal(err)
				}
				if step.topic != "" {
					rec := txn.Record{Value: fmt.Append(nil, step.at), Timestamp: 7}
					if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: step.topic}, Records: []txn.Record{rec}}); err != nil {
						t.Fatal(err)
					}
				}
				out, err := r.Output()
				if err != nil {
					t.Fatal(err)
				}
				for _, rec := range out {
					got = append(got, string(rec.Value))
				}
			}
			want := map[string][]string{
				"tumbling": {"100+101 at 110", "119+115 at 120", "125+- at 130"},
				"session":  {"100+101 at 111", "119+115 at 135", "125+115 at 135"},
			}[name]
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
