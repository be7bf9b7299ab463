package weirtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// moody folds beats into lists of their times, changed in place, and fails on those that end in "!" after that; at the end of sessions it fails on three
// beats.
func moody() *stream.Job {
	word := func(b beat) string { return strings.TrimSuffix(b.Word, "!") }
	times := stream.Aggregator[beat, []int64, string]{
		Codec: state.JSON[[]int64]{}, New: func() []int64 { return []int64{0} },
		Add: func(acc []int64, b beat) []int64 {
			acc[0]++
			if acc = append(acc, b.At); b.Word != word(b) {
				panic(errors.New("it is loud"))
			}
			return acc
		},
		Merge:  func(a, b []int64) []int64 { return append(append([]int64{a[0] + b[0]}, a[1:]...), b[1:]...) },
		Result: func(acc []int64) string { return fmt.Sprint(acc) },
	}
	atEnd := times
	atEnd.Result = func(acc []int64) string {
		if acc[0] == 3 {
			panic(errors.New("three are a crowd"))
		}
		return fmt.Sprint(acc)
	}
	job := stream.NewJob("moody")
	in := stream.From(job, stream.Topics("in"), parseBeat, stream.Watermarks(10*time.Millisecond), stream.TimestampOf(func(b beat) int64 { return b.At }), stream.UID("source"))
	byWord := stream.KeyBy(in, word, stream.UID("by_word"), stream.Through(beatCodec{}))
	write := func(s *stream.Keyed[string, stream.Pane[string, string]], topic string) {
		stream.To(s, topic, func(p stream.Pane[string, string], out *stream.Output) error {
			out.Key, out.Value = append(out.Buf(), p.Key...), fmt.Appendf(out.Buf(), "%d-%d: %s", p.Window.Start, p.Window.End, p.Value)
			return nil
		})
	}
	letters := func(uid string) []stream.Option {
		return []stream.Option{stream.UID(uid), stream.OnError(stream.DeadLetter("letters-of-" + uid))}
	}
	sliding := stream.Sliding(100*time.Millisecond, 50*time.Millisecond).AllowLateness(200 * time.Millisecond)
	write(stream.WindowAggregate(byWord, sliding, times, letters("windows")...), "windows")
	write(stream.WindowAggregate(byWord, stream.Session(30*time.Millisecond), atEnd, stream.UID("sessions"), stream.OnError(stream.Skip)), "sessions")
	stream.To(stream.WindowAggregate(byWord, stream.CountWindows(2), times, letters("pairs")...), "pairs", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Key, out.Value = append(out.Buf(), p.Key...), append(out.Buf(), p.Value...)
		return nil
	})
	sums := stream.Reduce(byWord, beatCodec{}, func(acc, b beat) beat {
		if b.Word != word(b) {
			panic(errors.New("it is loud"))
		}
		return beat{acc.At + b.At, b.Word}
	}, letters("sums")...)
	stream.To(sums, "sums", func(b beat, out *stream.Output) error {
		out.Key, out.Value = append(out.Buf(), b.Word...), fmt.Append(out.Buf(), b.At)
		return nil
	})
	return job
}

var moodyInput = weirtest.On("in", weirtest.Values("1 a", "2 b", "10 a!", "20 a", "25 b!", "30 a", "160 a", "70 a", "75 a!", "300 b", "310 b!", "320 b", "340 b", "500 a", "501 b!")...)

// Of records that are let go while they are folded into state nothing remains, and their dead letters are written once, whatever happens to the process.
func TestOnErrorFoldCrashes(t *testing.T) {
	weirtest.CrashEverywhere(t, moody, moodyInput, weirtest.Epochs(3))
}

// Nor behind repartition topics.
func TestOnErrorFoldCrashesThroughKafka(t *testing.T) {
	weirtest.CrashEverywhere(t, moody, moodyInput, weirtest.Epochs(2), weirtest.ThroughKafka(2))
}

// Without a fault: every record is where it belongs.
func TestOnErrorFoldResults(t *testing.T) {
	h := weirtest.New(t, moody)
	for _, r := range moodyInput {
		h.Send("in", r)
		h.Commit()
	}
	got := map[string]string{}
	for _, topic := range []string{"windows", "sessions", "pairs", "sums", "letters-of-windows", "letters-of-pairs", "letters-of-sums"} {
		for _, r := range h.Outputs(topic) {
			got[topic] += fmt.Sprintf("%s %s; ", r.Key, r.Value)
		}
	}
	loud := " 10 a!;  25 b!;  75 a!;  310 b!;  501 b!; "
	for topic, want := range map[string]string{
		"letters-of-pairs": loud, "letters-of-sums": loud, "letters-of-windows": loud,
		"sums":  "a 1; b 2; a 21; a 51; a 211; a 281; b 302; b 622; b 962; a 781; ",
		"pairs": "a [2 1 20]; a [2 30 160]; b [2 2 300]; b [2 320 340]; a [2 70 500]; ",
		// That of a up to 60, and that of b from 300 on, have three beats.
		"sessions": "b 2-32: [1 2]; a 160-190: [1 160]; ",
		"windows": "b -50-50: [1 2]; a -50-50: [3 1 20 30]; b 0-100: [1 2]; a 0-100: [3 1 20 30]; a 50-150: [1 70]; a 0-100: [4 1 20 30 70]; " +
			"a 100-200: [1 160]; a 150-250: [1 160]; b 250-350: [3 300 320 340]; b 300-400: [3 300 320 340]; ",
	} {
		if got[topic] != want {
			t.Errorf("%s: got  %s\nwant %s", topic, got[topic], want)
		}
	}
}
