package weirtest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// perMinute counts "second word" in windows of a minute of event time.
func perMinute(from stream.Subscription, opts ...stream.Option) func() *stream.Job {
	type word struct {
		At int64
		W  string
	}
	return func() *stream.Job {
		job := stream.NewJob("per-minute")
		opts := append([]stream.Option{stream.UID("words"), stream.Watermarks(0), stream.TimestampOf(func(w word) int64 { return w.At })}, opts...)
		words := stream.From(job, from, func(r *stream.Record) (word, error) {
			at, w, _ := strings.Cut(string(r.Value), " ")
			second, err := strconv.ParseInt(at, 10, 64)
			return word{second * 1000, w}, err
		}, opts...)
		byWord := stream.KeyBy(words, func(w word) string { return w.W }, stream.UID("by_word"))
		counts := stream.WindowAggregate(byWord, stream.Tumbling(time.Minute), stream.Aggregator[word, int64, int64]{
			Codec: state.Int64{}, New: func() int64 { return 0 },
			Add: func(acc int64, _ word) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
		}, stream.UID("count"))
		stream.To(counts, "counts", func(p stream.Pane[string, int64], out *stream.Output) error {
			out.Key, out.Value = []byte(p.Key), fmt.Appendf(nil, "%d:%d", p.Window.Start/1000, p.Value)
			return nil
		})
		return job
	}
}

var minutes = weirtest.On("text", weirtest.Values("5 a", "20 b", "30 a", "70 a", "90 b", "130 a")...)

func values(records []weirtest.Record) (all []string) {
	for _, r := range records {
		all = append(all, fmt.Sprintf("%s=%s", r.Key, r.Value))
	}
	slices.Sort(all)
	return all
}

// A bounded job fires what is open, ends, and does nothing more, whatever happens on the way.
func TestCrashBounded(t *testing.T) {
	weirtest.CrashEverywhere(t, perMinute(stream.Topics("text"), stream.Bounded()), minutes)
}

func TestCrashBoundedTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("one fault at a time is enough in short mode")
	}
	weirtest.CrashEverywhere(t, perMinute(stream.Topics("text"), stream.Bounded()), minutes, weirtest.Twice())
}

// A beginning that depends on when the job starts is the same for every start after the first.
func TestCrashLatest(t *testing.T) {
	weirtest.CrashEverywhere(t, func() *stream.Job {
		job := stream.NewJob("latest")
		lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}), stream.StartAt(stream.Latest()))
		counts := stream.Count(stream.KeyBy(lines, func(v string) string { return v }), stream.UID("count"))
		stream.To(counts, "out", stream.AsPair(state.String{}, state.Int64{}))
		return job
	}, weirtest.On("text", weirtest.Values("a", "b", "a", "b", "a", "c", "b", "a")...))
}

func TestBounded(t *testing.T) {
	h := weirtest.New(t, perMinute(stream.Topics("text"), stream.Bounded()), weirtest.Partitions(2))
	first := minutes[0]
	first.Partition = 1
	h.Send("text", first, minutes[1], minutes[2], minutes[3])
	h.Commit()
	want := []string{"a=0:2", "a=60:1", "b=0:1"}
	if got := values(h.Outputs("counts")); !slices.Equal(got, want) {
		t.Fatal(got)
	}
	h.Send("text", weirtest.Value("500 late"))
	h.AddPartitions("text", 3)
	h.Commit() // another start
	h.Crash(weirtest.Lost)
	h.Commit()
	if got := values(h.Outputs("counts")); !slices.Equal(got, want) {
		t.Fatal(got)
	}
}

// There is nothing to read, and it ends all the same.
func TestBoundedEmpty(t *testing.T) {
	h := weirtest.New(t, perMinute(stream.Topics("text"), stream.Bounded()), weirtest.Partitions(3))
	h.Commit()
	if got := h.Outputs("counts"); len(got) != 0 {
		t.Fatal(got)
	}
}

// Topics that match are found at the start and later, and grow; others are left alone.
func TestPattern(t *testing.T) {
	job := perMinute(stream.Pattern(".*text-.*"), stream.StartAt(stream.Latest()))
	h := weirtest.New(t, job, weirtest.Topics("text-1", "__text-1", "per-minute-text-repartition"))
	h.Advance(time.Second)
	h.Send("text-1", weirtest.Value("5 a"))
	h.Run()
	h.CreateTopic("text-2")
	h.Send("text-2", weirtest.Value("6 a")) // before the job has heard of it
	h.Commit()
	h.AddPartitions("text-2", 2)
	late := weirtest.Value("7 a")
	late.Partition = 1
	h.Send("text-2", late)
	h.Commit()
	h.Crash(weirtest.Lost)
	last := weirtest.Value("70 a")
	last.Partition = 1
	h.Send("text-1", weirtest.Value("71 a"))
	h.Send("text-2", weirtest.Value("72 a"), last)
	h.Commit()
	if got := values(h.Outputs("counts")); !slices.Equal(got, []string{"a=0:3"}) {
		t.Fatal(got)
	}
}

// Event time goes on without an idle partition after a crash too.
func TestIdlenessSurvives(t *testing.T) {
	h := weirtest.New(t, perMinute(stream.Topics("text"), stream.IdleAfter(time.Minute)), weirtest.Partitions(2))
	other := weirtest.Value("1 b")
	other.Partition = 1
	h.Send("text", weirtest.Value("5 a"), other)
	h.Commit()
	h.Advance(2 * time.Minute) // both are idle
	h.Send("text", weirtest.Value("6 a"))
	h.Commit()
	h.Crash(weirtest.Lost)
	h.Send("text", weirtest.Value("70 a"))
	h.Commit()
	if got := values(h.Outputs("counts")); !slices.Equal(got, []string{"a=0:2", "b=0:1"}) {
		t.Fatal(got)
	}
}

// A bounded source beside one without an end: it comes to its own, event time goes by the other, and the job works on.
func TestBoundedBesideUnbounded(t *testing.T) {
	h := weirtest.New(t, func() *stream.Job {
		job := stream.NewJob("both")
		source := func(topic string, opts ...stream.Option) stream.Stream[string] {
			return stream.From(job, stream.Topics(topic), stream.Values(state.String{}),
				append(opts, stream.UID(topic), stream.Watermarks(0), stream.TimestampOf(func(v string) int64 { return int64(len(v)) * 1000 }))...)
		}
		both := stream.Union(source("history", stream.Bounded()), source("live"))
		byLetter := stream.KeyBy(both, func(v string) string { return v[:1] }, stream.UID("by_letter"))
		counts := stream.WindowReduce(byLetter, stream.Tumbling(5*time.Second), state.String{}, func(a, b string) string { return a + "+" + b }, stream.UID("reduce"))
		stream.To(counts, "out", func(p stream.Pane[string, string], out *stream.Output) error {
			out.Key, out.Value = []byte(p.Key), []byte(p.Value)
			return nil
		})
		return job
	})
	h.Advance(time.Second) // the ends of history are chosen: nothing
	h.Send("live", weirtest.Value("a"), weirtest.Value("aa"))
	h.Commit()
	if got := h.Outputs("out"); len(got) != 0 {
		t.Fatal("event time is at its end with history:", values(got))
	}
	h.Crash(weirtest.Lost)
	h.Send("live", weirtest.Value("aaa"), weirtest.Value("bbbbbbb"))
	h.Commit()
	if got := values(h.Outputs("out")); !slices.Equal(got, []string{"a=a+aa+aaa"}) {
		t.Fatal(got)
	}
}
