package stream_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
)

// What fails at the end of a window knows the key, also in a sink behind it; behind a further KeyBy, where the key is another one, it doesn't. The text never shows it.
func TestFailuresOfWindowsKnowTheKey(t *testing.T) {
	at := "timer of 1970-01-01T00:00:00.999Z"
	for where, c := range map[string]struct{ want, key string }{
		"result": {`operator "windows", ` + at + `: panic in`, "bob"},
		"sink":   {`operator "sink", ` + at + `: no good`, "bob"},
		"behind": {`operator "sink", ` + at + `: no good`, ""},
	} {
		clicks := []click{{"a", 5, 0}, {"bob", 10, 1}, {"c", 7, 2}, {"a", 1500, 3}}
		job := stream.NewJob("failing")
		in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil },
			stream.Watermarks(0), stream.TimestampOf(func(c click) int64 { return c.At }))
		agg := ids
		agg.Result = func(acc []int) []int {
			if where == "result" && slices.Contains(acc, 1) {
				panic(errors.New("no good"))
			}
			return acc
		}
		key := func(c click) string { return c.Key }
		panes := stream.WindowAggregate(stream.KeyBy(in, key), stream.Tumbling(time.Second), agg, stream.UID("windows"))
		if where == "behind" {
			panes = stream.KeyBy(panes, func(p stream.Pane[string, []int]) string { return "all" }, stream.UID("again"))
		}
		stream.To(panes, "out", func(p stream.Pane[string, []int], out *stream.Output) error {
			if slices.Contains(p.Value, 1) {
				return errors.New("no good")
			}
			return nil
		}, stream.UID("sink"))
		r, err := streamtest.New(job)
		if err != nil {
			t.Fatal(err)
		}
		_, err = clicksOf(r, clicks)
		var of *operators.RecordError
		if !errors.As(err, &of) || of.Key != c.key || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "bob") {
			t.Errorf("%s: got %v\nwant %s", where, err, c.want)
		}
	}
}
