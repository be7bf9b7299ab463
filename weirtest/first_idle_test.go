package weirtest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// slowFirst counts the records of both sources by word and minute. The first one, which is read first, takes its time for each record; the second is idle after ten seconds.
func slowFirst() *stream.Job {
	job := stream.NewJob("slow-first")
	read := func(topic string, each time.Duration, opts ...stream.Option) stream.Stream[beat] {
		decode := func(r *stream.Record) (beat, error) {
			time.Sleep(each)
			return parseBeat(r)
		}
		return stream.From(job, stream.Topics(topic), decode, append(opts, stream.UID(topic), stream.Watermarks(0),
			stream.TimestampOf(func(b beat) int64 { return b.At }))...)
	}
	both := stream.Union(read("first", 5*time.Millisecond, stream.ReadFirst()), read("second", 0, stream.IdleAfter(10*time.Second)))
	byWord := stream.KeyBy(both, func(b beat) string { return b.Word }, stream.UID("by_word"))
	counts := stream.WindowAggregate(byWord, stream.Tumbling(time.Minute), beatCount(), stream.UID("count"))
	stream.To(counts, "out", func(w stream.Pane[string, int64], out *stream.Output) error {
		out.Value, out.Timestamp = fmt.Appendf(nil, "%s %v %d", w.Key, w.Window, w.Value), 0
		return nil
	}, stream.UID("sink"))
	return job
}

// A partition that waits for what is read first is not idle: its records would be late behind the others' event time.
func TestReadFirstIsNotIdleness(t *testing.T) {
	h := weirtest.New(t, slowFirst, weirtest.Parallelism(2))
	const beats = 20_000 // many more than what is on its way: 100 seconds of work
	var first []weirtest.Record
	for i := range beats {
		first = append(first, weirtest.Value(fmt.Sprint((100+i/(beats/5))*60_000, " f")))
	}
	h.Send("second", weirtest.Value("1000 s"), weirtest.Value("999999000 s"))
	h.Send("first", append(first, weirtest.Value("999999000 f"))...)
	h.Crash(weirtest.Kept) // where the first one ends is looked up at a start
	h.Commit()
	h.Advance(10 * time.Minute)
	h.Commit()
	var words []string
	for _, r := range h.Outputs("out") {
		words = append(words, string(r.Value[:1]))
	}
	slices.Sort(words)
	if got := fmt.Sprint(words); got != "[f f f f f s]" {
		t.Errorf("windows of %s", got)
	}
}
