package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// Records of the join tests are clicks on the topics "left" and "right"; ids are unique over both.

// bed feeds a join and follows its event time.
type bed struct {
	*streamtest.Runner
	clicks []click
	bound  int64
	latest map[txn.Partition]int64
	topics map[string]int64 // how far the event time of each has come, which never goes back
	wm     int64
}

func drawClicks(t *rapid.T) []click {
	clicks := make([]click, rapid.IntRange(1, 60).Draw(t, "clicks"))
	for i := range clicks {
		clicks[i] = click{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), int64(i) + rapid.Int64Range(-20, 20).Draw(t, "out of order"), i}
	}
	return clicks
}

// makeBed builds a job whose join gets two keyed streams of clicks.
func makeBed(t *rapid.T, clicks []click, join func(left, right *stream.Keyed[string, click])) *bed {
	b := &bed{clicks: clicks, bound: rapid.Int64Range(0, 15).Draw(t, "bound"), latest: map[txn.Partition]int64{}, topics: map[string]int64{}, wm: -1 << 62}
	job := stream.NewJob("join")
	var sides []*stream.Keyed[string, click]
	for _, topic := range []string{"left", "right"} {
		in := stream.From(job, stream.Topics(topic), func(r *stream.Record) (click, error) { return clicks[r.Offset], nil },
			stream.Watermarks(ms(b.bound)), stream.TimestampOf(func(c click) int64 { return c.At }))
		sides = append(sides, stream.KeyBy(in, func(c click) string { return c.Key }))
	}
	join(sides[0], sides[1])
	var err error
	if b.Runner, err = streamtest.New(job); err != nil {
		t.Fatal(err)
	}
	b.Parallelism = rapid.IntRange(1, 3).Draw(t, "parallelism")
	return b
}

// play feeds all clicks in batches, tells the model of each click and each watermark, and compares after each batch.
func (b *bed) play(t *rapid.T, feed func(right bool, c click), watermark func(wm int64), want func() []string) {
	for i := 0; i < len(b.clicks); {
		size := min(len(b.clicks)-i, rapid.IntRange(1, 4).Draw(t, "batch"))
		right := rapid.Bool().Draw(t, "right")
		p := txn.Partition{Topic: "left", ID: int32(rapid.IntRange(0, 1).Draw(t, "partition"))}
		if right {
			p.Topic = "right"
		}
		batch := &txn.Batch{Partition: p}
		for ; size > 0; size, i = size-1, i+1 {
			batch.Records = append(batch.Records, txn.Record{Offset: int64(i)})
			feed(right, b.clicks[i])
			if at, ok := b.latest[p]; !ok || b.clicks[i].At > at {
				b.latest[p] = b.clicks[i].At
			}
		}
		if err := b.Feed(batch); err != nil {
			t.Fatal(err)
		}
		if b.advance(p.Topic) {
			watermark(b.wm)
		}
		out, err := b.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rec := range out {
			got = append(got, string(rec.Value))
		}
		expected := want()
		slices.Sort(got)
		slices.Sort(expected)
		if !slices.Equal(got, expected) {
			t.Fatalf("watermark %d: got\n%s\nwant\n%s", b.wm, strings.Join(got, "\n"), strings.Join(expected, "\n"))
		}
	}
}

// advance works out the watermark behind what was fed to a topic.
func (b *bed) advance(topic string) bool {
	least := int64(1 << 62)
	for p, at := range b.latest {
		if p.Topic == topic {
			least = min(least, notZero(at-b.bound-1))
		}
	}
	if before, ok := b.topics[topic]; !ok || least > before {
		b.topics[topic] = least
	}
	least = 1 << 62
	for _, at := range b.topics {
		least = min(least, at)
	}
	if least <= b.wm {
		return false
	}
	b.wm = least
	return true
}

// couple names a pair; nil is a partner that isn't there.
func couple(l, r *click) string {
	show := func(c *click) string {
		if c == nil {
			return "-"
		}
		return fmt.Sprint(c.ID)
	}
	return show(l) + "+" + show(r)
}

func coupled(kind string) stream.Joiner[click, click, string] {
	switch kind {
	case "left":
		return stream.LeftJoin(func(l click, r *click) string { return couple(&l, r) })
	case "outer":
		return stream.OuterJoin(couple)
	}
	return stream.InnerJoin(func(l, r click) string { return couple(&l, &r) })
}

var (
	lateLeft  = stream.NewTag[click]("late-left")
	lateRight = stream.NewTag[click]("late-right")
)

func writeLate(name string, s stream.Stream[click]) {
	stream.To(s, "out", func(c click, out *stream.Output) error {
		out.Value, out.Timestamp = fmt.Appendf(out.Buf(), "late %s %d", name, c.ID), 0
		return nil
	})
}

// naiveWindowJoin keeps every record of every window, and looks through all of them at each watermark.
type naiveWindowJoin struct {
	spec
	kind string
	open map[string]map[stream.Window][]member // by key
	wm   int64
	out  []string
}

type member struct {
	click
	right bool
}

func (n *naiveWindowJoin) feed(right bool, c click) {
	if n.open[c.Key] == nil {
		n.open[c.Key] = map[stream.Window][]member{}
	}
	open, late := n.open[c.Key], true
	for _, w := range n.of(c.At) {
		members := []member{{c, right}}
		merged, w := n.merge(open, w)
		if w.End-1+n.lateness <= n.wm {
			continue
		}
		late = false
		if n.session {
			for _, other := range merged {
				members = append(members, open[other]...)
				delete(open, other)
			}
		}
		if w.End-1 <= n.wm {
			n.pairs(c.Key, w, members[:1], open[w])
			n.pairs(c.Key, w, open[w], members[:1])
		}
		open[w] = append(open[w], members...)
	}
	if late {
		n.out = append(n.out, fmt.Sprintf("late %s %d", map[bool]string{false: "left", true: "right"}[right], c.ID))
	}
}

// merge finds the sessions that touch w, over and over.
func (n *naiveWindowJoin) merge(open map[stream.Window][]member, w stream.Window) (merged []stream.Window, _ stream.Window) {
	for again := n.session; again; {
		again = false
		for other := range open {
			if other.Start <= w.End && other.End >= w.Start && !slices.Contains(merged, other) {
				w = stream.Window{Start: min(w.Start, other.Start), End: max(w.End, other.End)}
				merged, again = append(merged, other), true
			}
		}
	}
	return merged, w
}

// pairs emits the left ones of some with the right ones of others.
func (n *naiveWindowJoin) pairs(key string, w stream.Window, some, others []member) (any bool) {
	for _, l := range some {
		for _, r := range others {
			if !l.right && r.right {
				n.emit(key, w, couple(&l.click, &r.click))
				any = true
			}
		}
	}
	return any
}

func (n *naiveWindowJoin) emit(key string, w stream.Window, what string) {
	n.out = append(n.out, fmt.Sprint(key, " ", w.Start, "-", w.End, " ", what))
}

func (n *naiveWindowJoin) watermark(wm int64) {
	for key, open := range n.open {
		for w, all := range open {
			if w.End-1 <= wm && w.End-1 > n.wm && !n.pairs(key, w, all, all) {
				for _, m := range all {
					if m.right && n.kind == "outer" {
						n.emit(key, w, couple(nil, &m.click))
					} else if !m.right && n.kind != "inner" {
						n.emit(key, w, couple(&m.click, nil))
					}
				}
			}
			if w.End-1+n.lateness <= wm {
				delete(open, w)
			}
		}
	}
	n.wm = wm
}

// Windows pair what the definition pairs, at the same watermarks, and let go of the same late records.
func TestWindowJoinEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		kind := rapid.SampledFrom([]string{"inner", "left", "outer"}).Draw(t, "kind")
		if s.session || kind != "inner" {
			s.lateness = 0
		}
		b := makeBed(t, drawClicks(t), func(left, right *stream.Keyed[string, click]) {
			joined := stream.WindowJoin(left, right, s.windows(), state.JSON[click]{}, state.JSON[click]{}, coupled(kind),
				stream.UID("join"), stream.LateLeft(lateLeft), stream.LateRight(lateRight))
			stream.To(joined, "out", func(p stream.Pane[string, string], out *stream.Output) error {
				out.Value = fmt.Append(out.Buf(), p.Key, " ", p.Window.Start, "-", p.Window.End, " ", p.Value)
				if out.Timestamp != p.Window.End-1 {
					return fmt.Errorf("timestamp %d of %v", out.Timestamp, p.Window)
				}
				out.Timestamp = 0 // times of the model may be negative
				return nil
			})
			writeLate("left", stream.Side(joined, lateLeft))
			writeLate("right", stream.Side(joined, lateRight))
		})
		model := &naiveWindowJoin{spec: s, kind: kind, open: map[string]map[stream.Window][]member{}, wm: -1 << 62}
		b.play(t, model.feed, model.watermark, func() []string {
			out := model.out
			model.out = nil
			return out
		})
	})
}

// Intervals pair every two records that are close enough and not late, once, when the second one comes.
func TestIntervalJoinEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lower := rapid.Int64Range(-15, 10).Draw(t, "lower")
		upper := lower + rapid.Int64Range(0, 40).Draw(t, "longer")
		b := makeBed(t, drawClicks(t), func(left, right *stream.Keyed[string, click]) {
			type both struct{ l, r click }
			joined := stream.IntervalJoin(left, right, ms(lower), ms(upper), state.JSON[click]{}, state.JSON[click]{},
				func(l, r click) both { return both{l, r} }, stream.UID("join"), stream.LateLeft(lateLeft), stream.LateRight(lateRight))
			stream.To(joined, "out", func(p both, out *stream.Output) error {
				out.Value = append(out.Buf(), couple(&p.l, &p.r)...)
				if out.Timestamp != max(p.l.At, p.r.At) {
					return fmt.Errorf("timestamp %d of %v", out.Timestamp, p)
				}
				out.Timestamp = 0
				return nil
			})
			writeLate("left", stream.Side(joined, lateLeft))
			writeLate("right", stream.Side(joined, lateRight))
		})
		var seen []member
		var out []string
		wm := int64(-1 << 62)
		feed := func(right bool, c click) {
			if c.At <= wm {
				out = append(out, fmt.Sprintf("late %s %d", map[bool]string{false: "left", true: "right"}[right], c.ID))
				return
			}
			for _, m := range seen {
				l, r := m.click, c
				if !right {
					l, r = c, m.click
				}
				if m.right != right && m.Key == c.Key && l.At+lower <= r.At && r.At <= l.At+upper {
					out = append(out, couple(&l, &r))
				}
			}
			seen = append(seen, member{c, right})
		}
		b.play(t, feed, func(at int64) { wm = at }, func() []string {
			all := out
			out = nil
			return all
		})
	})
}
