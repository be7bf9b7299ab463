package stream_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// clicksOf feeds one click for each time, and returns what comes out, in order of names.
func clicksOf(r *streamtest.Runner, clicks []click) (out []string, err error) {
	b := &txn.Batch{Partition: txn.Partition{Topic: "in"}}
	for i := range clicks {
		b.Records = append(b.Records, txn.Record{Offset: int64(i)})
	}
	if err := r.Feed(b); err != nil {
		return nil, err
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	records, err := r.Output()
	for _, rec := range records {
		out = append(out, string(rec.Value))
	}
	slices.Sort(out)
	return out, err
}

// A time that can't be one in milliseconds is a failure of its record, and takes event time nowhere.
func TestTimesThatAreNone(t *testing.T) {
	never := []int64{math.MinInt64, math.MaxInt64, math.MaxInt64 - 150, 1_700_000_000_000_000, -62_135_596_800_001, 253_402_300_800_000}
	for _, at := range append(never, 0, -1, -62_135_596_800_000, 253_402_300_799_999) {
		job := func(opts ...stream.Option) *streamtest.Runner {
			clicks := []click{{"a", 1000, 0}, {"a", at, 1}, {"a", 1500, 2}}
			j := stream.NewJob("far")
			in := stream.From(j, stream.Topics("in"), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil },
				append(opts, stream.UID("source"), stream.Watermarks(0), stream.TimestampOf(func(c click) int64 { return c.At }))...)
			w := stream.WindowAggregate(stream.KeyBy(in, func(c click) string { return c.Key }), stream.Tumbling(time.Second), ids, stream.UID("windows"))
			stream.To(w, "out", func(p stream.Pane[string, []int], out *stream.Output) error {
				out.Value, out.Timestamp = []byte(pane(p.Key, p.Window, p.Value)), 0
				return nil
			})
			r, err := streamtest.New(j)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		_, err := clicksOf(job(), make([]click, 3))
		if !slices.Contains(never, at) {
			if err != nil {
				t.Errorf("%d: %v", at, err)
			}
			continue
		}
		if want := fmt.Sprintf(`operator "source", record in[0]@1: its event time is %d: want milliseconds since 1970`, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got %v", at, err)
		}
		r, skipped := job(stream.OnError(stream.Skip)), 0
		r.Lost = func(_ string, why operators.Loss, _ error) {
			if why == operators.Skipped {
				skipped++
			}
		}
		out, err := clicksOf(r, make([]click, 3))
		if err != nil || skipped != 1 || !slices.Equal(out, []string{"a 1000-2000 [0 2]"}) {
			t.Errorf("%d: %q, %d skipped, %v", at, out, skipped, err)
		}
	}
}

// A timer may be set for the end of all times, and what it makes belongs to windows all the same.
func TestWindowsOfTheEndOfTime(t *testing.T) {
	for name, w := range map[string]stream.Windows{
		"tumbling": stream.Tumbling(100 * time.Millisecond).Offset(30 * time.Millisecond).AllowLateness(time.Second),
		"sliding":  stream.Sliding(100*time.Millisecond, 30*time.Millisecond),
		"session":  stream.Session(100 * time.Millisecond).AllowLateness(time.Second),
	} {
		for _, at := range []int64{math.MaxInt64, math.MaxInt64 - 150, math.MinInt64} {
			clicks := []click{{"a", 1000, 0}}
			job := stream.NewJob("far")
			in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil },
				stream.Watermarks(0), stream.TimestampOf(func(c click) int64 { return c.At }))
			made := stream.Process(stream.KeyBy(in, func(c click) string { return c.Key }), func(s *stream.Setup) stream.ProcessFunc[string, click, click] {
				timers := stream.OnTimer(s, func(ctx *stream.Context[string, click], tm stream.Timer) error {
					ctx.Emit(click{"a", tm.At, 7})
					return nil
				})
				return func(*stream.Context[string, click], click) error { return timers.Set(stream.EventTime, at) }
			}, stream.UID("made"))
			tag := stream.NewTag[click]("late")
			panes := stream.WindowAggregate(made, w, ids, stream.UID("windows"), stream.LateTo(tag))
			stream.To(panes, "out", func(p stream.Pane[string, []int], out *stream.Output) error {
				if p.Window.Start >= p.Window.End {
					return fmt.Errorf("a window of %d to %d", p.Window.Start, p.Window.End)
				}
				out.Value, out.Timestamp = fmt.Append(nil, p.Value), 0
				return nil
			})
			stream.To(stream.Side(panes, tag), "late", func(c click, out *stream.Output) error {
				out.Value, out.Timestamp = fmt.Append(nil, c.ID), 0
				return nil
			})
			r, err := streamtest.New(job)
			if err != nil {
				t.Fatal(err)
			}
			out, err := clicksOf(r, clicks)
			if err != nil || len(out) == 0 || name != "sliding" && len(out) != 1 {
				t.Errorf("%s, %d: %q, %v", name, at, out, err)
			}
		}
	}
}
