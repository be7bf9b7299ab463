package weirtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// slowBeats is beats with calls on the way: behind the source, where some records overtake others, and behind the windows, with more windows to
// come. What is late depends on the watermarks that come through.
func slowBeats() *stream.Job {
	job := stream.NewJob("slow-beats")
	in := stream.From(job, stream.Topics("in"), parseBeat,
		stream.Watermarks(10*time.Millisecond), stream.TimestampOf(func(b beat) int64 { return b.At }), stream.UID("source"))
	asked := stream.Async(in, func(_ context.Context, b beat) (beat, error) {
		time.Sleep(time.Duration(b.At*7%40) * time.Millisecond)
		return b, nil
	}, stream.Concurrency(3), stream.Unordered(), stream.UID("ask"))
	byWord := stream.KeyBy(asked, func(b beat) string { return b.Word }, stream.UID("by_word"))
	late := stream.NewTag[beat]("late")
	windows := stream.WindowAggregate(byWord, stream.Tumbling(100*time.Millisecond), beatCount(), stream.UID("windows"), stream.LateTo(late))
	stream.To(stream.Side(windows, late), "late", func(b beat, out *stream.Output) error {
		out.Key, out.Value = append(out.Buf(), b.Word...), fmt.Append(out.Buf(), b.At)
		return nil
	})
	counts := stream.Async(windows, func(_ context.Context, p stream.Pane[string, int64]) (beat, error) {
		time.Sleep(time.Duration(len(p.Key)+int(p.Value)) * time.Millisecond)
		return beat{p.Value, p.Key}, nil
	}, stream.UID("tell"))
	totals := stream.WindowReduce(stream.KeyBy(counts, func(b beat) string { return b.Word }, stream.UID("again")), stream.Tumbling(200*time.Millisecond),
		state.JSON[beat]{}, func(a, b beat) beat { return beat{a.At + b.At, a.Word} }, stream.UID("totals"))
	stream.To(totals, "totals", func(p stream.Pane[string, beat], out *stream.Output) error {
		out.Key = append(out.Buf(), p.Key...)
		out.Value = fmt.Appendf(out.Buf(), "%d-%d: %d", p.Window.Start, p.Window.End, p.Value.At)
		return nil
	})
	return job
}

// Calls under way change nothing about what is late and what windows come to, whatever crashes. The second windows would lose results if
// the watermark that closes the first ones overtook the calls in between.
func TestAsyncCrashes(t *testing.T) {
	input := weirtest.On("in", weirtest.Values("0 a", "20 b", "15 a", "120 a", "90 a", "130 b", "300 a", "40 b", "310 b", "500 a")...)
	weirtest.CrashEverywhere(t, slowBeats, input, weirtest.Epochs(5))
}

// No record is late that would not be without the calls, though some of these take longer than others.
func TestAsyncHoldsEventTimeBack(t *testing.T) {
	h := weirtest.New(t, slowBeats)
	// Batches of their own, so that each brings its watermark along before the call for the record has come back.
	for _, v := range []string{"39 a", "140 a", "239 a", "340 a", "439 a"} {
		h.Send("in", weirtest.Values(v)...)
		h.Advance(time.Millisecond)
	}
	h.Send("in", weirtest.Values("1000 z")...)
	h.Commit()
	if late := h.Outputs("late"); len(late) > 0 {
		t.Errorf("late: %v", late)
	}
	want := map[string]bool{"0-200: 2": true, "200-400: 2": true, "400-600: 1": true}
	for _, r := range h.Outputs("totals") {
		if !want[string(r.Value)] {
			t.Errorf("%s", r.Value)
		}
		delete(want, string(r.Value))
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}
