package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// click is a record of the window tests: its key, its event time, and an id by which its ways can be followed.
type click struct {
	Key string
	At  int64
	ID  int
}

// spec is a kind of windows, as the operator and the model both understand it.
type spec struct {
	size, slide, offset, gap, lateness, early int64
	session                                   bool
}

func drawSpec(t *rapid.T) (s spec) {
	s.session = rapid.Bool().Draw(t, "session")
	s.lateness = rapid.SampledFrom([]int64{0, 0, 3, 20}).Draw(t, "lateness")
	if s.session {
		s.gap = rapid.Int64Range(1, 12).Draw(t, "gap")
		return s
	}
	s.slide = rapid.Int64Range(1, 10).Draw(t, "slide")
	s.size = s.slide + rapid.SampledFrom([]int64{0, 0, 1, 7, 25}).Draw(t, "longer")
	s.offset = rapid.Int64Range(-5, 15).Draw(t, "offset")
	return s
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func (s spec) windows() stream.Windows {
	w := stream.Session(ms(s.gap))
	if !s.session {
		w = stream.Sliding(ms(s.size), ms(s.slide)).Offset(ms(s.offset))
	}
	if s.early > 0 {
		w = w.Early(ms(s.early))
	}
	return w.AllowLateness(ms(s.lateness))
}

// of lists the windows of a time, by trying all beginnings.
func (s spec) of(at int64) (ws []stream.Window) {
	if s.session {
		return []stream.Window{{Start: at, End: at + s.gap}}
	}
	for start := at - s.size + 1; start <= at; start++ {
		if (start-s.offset)%s.slide == 0 {
			ws = append(ws, stream.Window{Start: start, End: start + s.size})
		}
	}
	return ws
}

// naiveWindows is the definition: it keeps every record of every window, and looks through all of them at each watermark and in each millisecond of the clock.
type naiveWindows struct {
	spec
	open  map[string]map[stream.Window][]int // by key
	fresh map[string]map[stream.Window]bool  // have had a record since they last emitted early
	wm    int64
	now   int64
	out   []string
	late  []int
}

func newNaiveWindows(s spec) naiveWindows {
	return naiveWindows{spec: s, open: map[string]map[stream.Window][]int{}, fresh: map[string]map[stream.Window]bool{}, wm: -1 << 62}
}

func (n *naiveWindows) know(key string) {
	if n.open[key] == nil {
		n.open[key], n.fresh[key] = map[stream.Window][]int{}, map[stream.Window]bool{}
	}
}

// due says whether now is a time of early results.
func (n *naiveWindows) due() bool { return n.early > 0 && n.now%n.early == 0 }

// advance lives through every millisecond of the clock.
func (n *naiveWindows) advance(now int64) {
	for n.now < now {
		n.now++
		for key, open := range n.open {
			for w := range open {
				if n.due() && n.fresh[key][w] && w.End-1 > n.wm {
					n.emit(key, w)
				}
				n.fresh[key][w] = n.fresh[key][w] && !n.due()
			}
		}
	}
}

func (n *naiveWindows) feed(c click) {
	n.know(c.Key)
	open, dropped := n.open[c.Key], true
	for _, w := range n.of(c.At) {
		ids := []int{c.ID}
		if n.session {
			w, ids = n.merge(open, w, ids)
		}
		if w.End-1+n.lateness <= n.wm {
			continue
		}
		dropped = false
		open[w] = append(open[w], ids...)
		n.fresh[c.Key][w] = true
		if w.End-1 <= n.wm {
			n.emit(c.Key, w)
		}
	}
	if dropped {
		n.late = append(n.late, c.ID)
	}
}

// merge takes the sessions out that touch w, over and over.
func (n *naiveWindows) merge(open map[stream.Window][]int, w stream.Window, ids []int) (stream.Window, []int) {
	for again := true; again; {
		again = false
		for other, have := range open {
			if other.Start <= w.End && other.End >= w.Start {
				w = stream.Window{Start: min(w.Start, other.Start), End: max(w.End, other.End)}
				ids, again = append(ids, have...), true
				delete(open, other)
			}
		}
	}
	return w, ids
}

func (n *naiveWindows) watermark(wm int64) {
	for key, open := range n.open {
		for w := range open {
			if w.End-1 <= wm && w.End-1 > n.wm {
				n.emit(key, w)
			}
			if w.End-1+n.lateness <= wm {
				delete(open, w)
			}
		}
	}
	n.wm = wm
}

func (n *naiveWindows) emit(key string, w stream.Window) {
	n.out = append(n.out, pane(key, w, n.open[key][w]))
}

func pane(key string, w stream.Window, ids []int) string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return fmt.Sprint(key, " ", w.Start, "-", w.End, " ", ids)
}

// ids are those of a window's clicks.
var ids = stream.Aggregator[click, []int, []int]{
	Codec: state.JSON[[]int]{}, New: func() []int { return nil },
	Add:    func(acc []int, c click) []int { return append(acc, c.ID) },
	Merge:  func(a, b []int) []int { return append(slices.Clone(a), b...) },
	Result: func(acc []int) []int { return acc },
}

// clickJob gathers ids per window.
func clickJob(w stream.Windows, clicks []click, bound int64) *stream.Job {
	job := stream.NewJob("clicks")
	in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil },
		stream.Watermarks(ms(bound)), stream.TimestampOf(func(c click) int64 { return c.At }))
	late := stream.NewTag[click]("late")
	panes := stream.WindowAggregate(stream.KeyBy(in, func(c click) string { return c.Key }), w, ids, stream.UID("windows"), stream.LateTo(late))
	stream.To(panes, "out", func(p stream.Pane[string, []int], out *stream.Output) error {
		out.Value = append(out.Buf(), pane(p.Key, p.Window, p.Value)...)
		if out.Timestamp != p.Window.End-1 {
			return fmt.Errorf("timestamp %d of %v", out.Timestamp, p.Window)
		}
		out.Timestamp = 0
		return nil
	})
	stream.To(stream.Side(panes, late), "late", func(c click, out *stream.Output) error {
		out.Timestamp = 0
		out.Value = fmt.Append(out.Buf(), c.ID)
		return nil
	})
	return job
}

// TestWindowsEqualNaive feeds clicks out of order over several partitions, in any batches, while the clock goes on, and compares what comes out with the
// definition: the same panes, updates, early results and late records, at the same watermarks and times, also if the job is started anew before each batch.
func TestWindowsEqualNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, bound := drawSpec(t), rapid.Int64Range(0, 15).Draw(t, "bound")
		n := rapid.IntRange(1, 60).Draw(t, "clicks")
		clicks := make([]click, n)
		for i := range clicks {
			clicks[i] = click{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"),
				int64(i) + rapid.Int64Range(-20, 20).Draw(t, "out of order"), i}
		}
		s.early = rapid.SampledFrom([]int64{0, 0, 1, 3, 10}).Draw(t, "early")
		r, err := streamtest.New(clickJob(s.windows(), clicks, bound))
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
		partitions := rapid.IntRange(1, 3).Draw(t, "partitions")
		all := newNaiveWindows(s)
		model, latest := &all, map[int32]int64{}
		restarts := rapid.Bool().Draw(t, "restarts")
		for i := 0; i < n; {
			model.advance(model.now + rapid.SampledFrom([]int64{0, 0, 1, 4, 15}).Draw(t, "pause"))
			if err := r.Advance(time.UnixMilli(model.now)); err != nil {
				t.Fatal(err)
			}
			compare(t, r, model)
			if restarts {
				if err := r.Restart(); err != nil {
					t.Fatal(err)
				}
			}
			size := min(n-i, rapid.IntRange(1, 4).Draw(t, "batch"))
			p := int32(rapid.IntRange(0, partitions-1).Draw(t, "partition"))
			b := &txn.Batch{Partition: txn.Partition{Topic: "in", ID: p}}
			for ; size > 0; size, i = size-1, i+1 {
				b.Records = append(b.Records, txn.Record{Offset: int64(i)})
				model.feed(clicks[i])
				if at, ok := latest[p]; !ok || clicks[i].At > at {
					latest[p] = clicks[i].At
				}
			}
			if err := r.Feed(b); err != nil {
				t.Fatal(err)
			}
			least := int64(1 << 62)
			for _, at := range latest {
				least = min(least, notZero(at-bound-1))
			}
			if least > model.wm {
				model.watermark(least)
			}
			compare(t, r, model)
		}
	})
}

// compare takes what has come out since the last time.
func compare(t *rapid.T, r *streamtest.Runner, model *naiveWindows) {
	out, err := r.Output()
	if err != nil {
		t.Fatal(err)
	}
	var panes, late []string
	for _, rec := range out {
		if rec.Topic == "late" {
			late = append(late, string(rec.Value))
		} else {
			panes = append(panes, string(rec.Value))
		}
	}
	want := slices.Clone(model.out)
	slices.Sort(want)
	slices.Sort(panes)
	if !slices.Equal(panes, want) {
		t.Fatalf("watermark %d: got panes\n%s\nwant\n%s", model.wm, strings.Join(panes, "\n"), strings.Join(want, "\n"))
	}
	var wantLate []string
	for _, id := range model.late {
		wantLate = append(wantLate, fmt.Sprint(id))
	}
	slices.Sort(late)
	slices.Sort(wantLate)
	if !slices.Equal(late, wantLate) {
		t.Fatalf("watermark %d: late are %v, want %v", model.wm, late, wantLate)
	}
	model.out, model.late = nil, nil
}

// notZero is the watermark as it is sent: 0 says that there is none.
func notZero(wm int64) int64 {
	if wm == 0 {
		return -1
	}
	return wm
}
