package weirtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// aligned reads one source before the other, both no further apart in event time than a second.
func aligned() *stream.Job {
	job := stream.NewJob("aligned")
	read := func(topic string, opts ...stream.Option) stream.Stream[beat] {
		return stream.From(job, stream.Topics(topic), parseBeat, append(opts, stream.UID(topic), stream.Watermarks(0),
			stream.TimestampOf(func(b beat) int64 { return b.At }), stream.AlignWatermarks(time.Second))...)
	}
	both := stream.Union(read("first", stream.ReadFirst()), read("second"))
	stream.To(both, "out", func(b beat, out *stream.Output) error {
		out.Value, out.Timestamp = []byte(b.Word), 0
		return nil
	})
	return job
}

// What is read first doesn't wait, for the sake of event time, for what waits for it.
func TestReadFirstAligned(t *testing.T) {
	h := weirtest.New(t, aligned)
	h.Send("second", weirtest.Value("1 s"))
	h.Commit()
	h.Restart()          // knows how far the second one is
	const beats = 20_000 // many more than what is on its way
	var first []weirtest.Record
	for i := range beats {
		first = append(first, weirtest.Value(fmt.Sprint(i*100, " f")))
	}
	h.Send("first", first...)
	h.Send("second", weirtest.Value("100 s"), weirtest.Value(fmt.Sprint(beats*100, " s")))
	h.Crash(weirtest.Kept)
	h.Advance(10 * time.Second)
	h.Commit()
	if n := len(h.Outputs("out")); n != beats+3 {
		t.Fatalf("%d of %d records have come through", n, beats+3)
	}
}
