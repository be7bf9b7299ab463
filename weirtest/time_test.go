package weirtest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

type beat struct {
	At   int64
	Word string
}

// beatCodec writes a beat as it comes in.
type beatCodec struct{}

func (beatCodec) Name() string { return "beat" }

func (beatCodec) Append(dst []byte, b beat) ([]byte, error) {
	return fmt.Appendf(dst, "%d %s", b.At, b.Word), nil
}

func (beatCodec) Decode(src []byte) (beat, error) { return parseBeat(&stream.Record{Value: src}) }

func parseBeat(r *stream.Record) (beat, error) {
	at, w, _ := strings.Cut(string(r.Value), " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	return beat{ms, w}, err
}

func beatCount() stream.Aggregator[beat, int64, int64] {
	return stream.Aggregator[beat, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 }, Add: func(acc int64, _ beat) int64 { return acc + 1 },
		Merge: func(a, b int64) int64 { return a + b }, Result: func(acc int64) int64 { return acc },
	}
}

// beats counts "ms word" in sessions and windows of event time, and writes late ones as they are.
func beats() *stream.Job {
	job := stream.NewJob("beats")
	in := stream.From(job, stream.Topics("in"), parseBeat, stream.Watermarks(10*time.Millisecond), stream.TimestampOf(func(b beat) int64 { return b.At }), stream.UID("source"))
	byWord := stream.KeyBy(in, func(b beat) string { return b.Word }, stream.UID("by_word"), stream.Through(beatCodec{}))
	count := beatCount()
	write := func(p stream.Pane[string, int64], out *stream.Output) error {
		out.Key = append(out.Buf(), p.Key...)
		out.Value = fmt.Appendf(out.Buf(), "%d-%d: %d", p.Window.Start, p.Window.End, p.Value)
		return nil
	}
	late := stream.NewTag[beat]("late")
	windows := stream.WindowAggregate(byWord, stream.Tumbling(100*time.Millisecond), count, stream.UID("windows"), stream.LateTo(late))
	stream.To(windows, "windows", write)
	stream.To(stream.WindowAggregate(byWord, stream.Session(50*time.Millisecond), count, stream.UID("sessions")), "sessions", write)
	stream.To(stream.Side(windows, late), "late", func(b beat, out *stream.Output) error {
		out.Key, out.Value = append(out.Buf(), b.Word...), fmt.Append(out.Buf(), b.At)
		return nil
	})
	return job
}

var beatsInput = weirtest.On("in", weirtest.Values("0 a", "20 b", "15 a", "120 a", "90 a", "130 b", "300 a", "40 b", "310 b", "500 a")...)

// What windows of event time come to, and what is late for them, does not depend on crashes.
func TestEventTimeCrashes(t *testing.T) {
	weirtest.CrashEverywhere(t, beats, beatsInput, weirtest.Epochs(10)) // a crash between any two records
}

// Nor if watermarks come in records of a repartition topic.
func TestEventTimeCrashesThroughKafka(t *testing.T) {
	weirtest.CrashEverywhere(t, beats, beatsInput, weirtest.Epochs(5), weirtest.ThroughKafka(1))
	t.Run("at-least-once", func(t *testing.T) {
		weirtest.CrashEverywhere(t, beats, beatsInput, weirtest.Epochs(2), weirtest.ThroughKafka(2), weirtest.AtLeastOnce())
	})
}
