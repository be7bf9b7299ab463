package stream_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// clockSpec is a kind of windows without event time: by the machine's clock, or by the number of records.
type clockSpec struct {
	spec
	count int64
}

func drawClockSpec(t *rapid.T) (s clockSpec) {
	if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
		s.count = rapid.Int64Range(1, 5).Draw(t, "count")
		return s
	}
	s.spec = drawSpec(t)
	s.lateness = 0
	s.early = rapid.SampledFrom([]int64{0, 1, 3, 10}).Draw(t, "early")
	return s
}

func (s clockSpec) windows() stream.Windows {
	if s.count > 0 {
		return stream.CountWindows(s.count)
	}
	return s.spec.windows().ProcessingTime()
}

// naiveClock is the definition: it lives through every millisecond, and looks at all windows in each.
type naiveClock struct {
	clockSpec
	naiveWindows
}

func newNaiveClock(s clockSpec, now int64) *naiveClock {
	n := naiveClock{s, newNaiveWindows(s.spec)}
	n.now = now
	return &n
}

func (n *naiveClock) feed(key string, id int) {
	n.know(key)
	if n.count > 0 {
		n.add(key, stream.Window{Start: math.MinInt64, End: math.MaxInt64}, []int{id})
		return
	}
	for _, w := range n.naiveWindows.of(n.now) {
		got := []int{id}
		if n.clockSpec.session {
			w, got = n.merge(n.open[key], w, got)
		}
		n.add(key, w, got)
	}
}

func (n *naiveClock) add(key string, w stream.Window, got []int) {
	n.open[key][w] = append(n.open[key][w], got...)
	n.fresh[key][w] = true
	if int64(len(n.open[key][w])) == n.count {
		n.end(key, w)
	}
}

func (n *naiveClock) end(key string, w stream.Window) {
	n.emit(key, w)
	delete(n.open[key], w)
}

func (n *naiveClock) advance(now int64) {
	for n.now < now {
		n.now++
		for key, open := range n.open {
			for w := range open {
				switch {
				case n.now >= w.End:
					n.end(key, w)
				case n.due() && n.fresh[key][w]:
					n.emit(key, w)
					n.fresh[key][w] = false
				}
			}
		}
	}
}

// Windows that know no event time are what their definition says, whatever the records' timestamps are: their ends, early results and counts.
func TestWindowsByTheClockEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawClockSpec(t)
		n := rapid.IntRange(1, 40).Draw(t, "clicks")
		clicks := make([]click, n)
		for i := range clicks {
			clicks[i] = click{Key: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), ID: i}
		}
		r, err := streamtest.New(clickJobByTheClock(s.windows(), clicks))
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		model := newNaiveClock(s, 1000)
		for i, c := range clicks {
			model.advance(model.now + rapid.Int64Range(0, 15).Draw(t, "pause"))
			if err := r.Advance(time.UnixMilli(model.now)); err != nil {
				t.Fatal(err)
			}
			model.feed(c.Key, c.ID)
			rec := txn.Record{Offset: int64(i), Timestamp: rapid.Int64Range(0, 5000).Draw(t, "timestamp")}
			if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: []txn.Record{rec}}); err != nil {
				t.Fatal(err)
			}
			compare(t, r, &model.naiveWindows)
		}
		model.advance(model.now + 100)
		if rapid.Bool().Draw(t, "end") { // comes to the same, and the clock stands still
			err = r.End()
		} else {
			err = r.Advance(time.UnixMilli(model.now))
		}
		if err != nil {
			t.Fatal(err)
		}
		compare(t, r, &model.naiveWindows)
	})
}

func clickJobByTheClock(w stream.Windows, clicks []click) *stream.Job {
	job := stream.NewJob("clicks")
	in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil })
	panes := stream.WindowAggregate(stream.KeyBy(in, func(c click) string { return c.Key }), w, ids, stream.UID("windows"))
	stream.To(panes, "out", func(p stream.Pane[string, []int], out *stream.Output) error {
		out.Value = append(out.Buf(), pane(p.Key, p.Window, p.Value)...)
		out.Timestamp = 0
		return nil
	})
	return job
}
