package stream_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// item is a record of these tests. A bad one fails wherever a function looks at it alone.
type item struct {
	Key string
	At  int64
	ID  int
	Bad bool
	IDs []int // to be changed in place
}

// tally is an accumulator that functions change in place before they fail.
type tally struct {
	N   int
	IDs []int
}

// trial is one run of a job: with a policy, or as the reference, which gets only the records that the other one has not let go, and must not fail on any.
type trial struct {
	policy    stream.ErrorPolicy
	reference bool
	gone      map[int]bool // ids of records that were let go
	always    bool         // Result fails for records
	ends      bool         // functions at the end of windows fail
	items     []item
	spec      spec
	early     int64
	clock     bool // windows go by processing time
	kind      string
}

// dropped is what the reference emits where the other run fails at a timer, which has no record to let go.
const dropped = "dropped"

func fail(id int) {
	if id%2 == 0 {
		panic("a secret")
	}
	panic(errors.New("no good"))
}

// tallies fails in every function, after it has changed what it was given.
func (tr *trial) tallies() stream.Aggregator[item, *tally, string] {
	return stream.Aggregator[item, *tally, string]{
		Codec: state.JSON[*tally]{}, New: func() *tally { return &tally{} },
		Add: func(acc *tally, v item) *tally {
			acc.N++
			if acc.IDs = append(acc.IDs, v.ID); v.Bad {
				acc.IDs[0] = -1
				fail(v.ID)
			}
			return acc
		},
		Merge: func(a, b *tally) *tally {
			a.N += b.N
			a.IDs = append(a.IDs, b.IDs...)
			if slices.Sort(a.IDs); a.N%4 == 3 {
				b.IDs[0], b.N = -1, 0
				fail(a.N)
			}
			return a
		},
		Result: func(acc *tally) string {
			sum := 0
			for _, id := range acc.IDs {
				sum += id
			}
			switch {
			case sum%3 == 2 && tr.always:
				fail(sum)
			case sum%3 == 2 && tr.ends:
				return tr.drop(sum)
			}
			return fmt.Sprint(acc.N, acc.IDs)
		},
	}
}

func (tr *trial) drop(id int) string {
	if !tr.reference {
		fail(id)
	}
	return dropped
}

// of fails on bad records.
func of(v item) int64 {
	if v.Bad {
		fail(v.ID)
	}
	return int64(v.ID)
}

func sums(s *stream.Keyed[string, stream.KV[string, int64]]) stream.Stream[string] {
	return stream.Map(s, func(kv stream.KV[string, int64]) string { return fmt.Sprint(kv.Key, kv.Value) })
}

func (tr *trial) windows() stream.Windows {
	w := tr.spec.windows()
	if tr.clock {
		w = w.ProcessingTime()
	}
	if tr.early > 0 {
		w = w.Early(ms(tr.early))
	}
	return w
}

// joiner fails on some pairs, and on bad records without a partner.
func (tr *trial) joiner(atEnd bool) stream.Joiner[item, item, string] {
	return stream.OuterJoin(func(l, r *item) string {
		if l != nil && r != nil && (l.ID*3+r.ID*5)%4 == 0 || l == nil && r.Bad || r == nil && l.Bad {
			switch {
			case !atEnd:
				fail(1)
			case tr.ends:
				return tr.drop(1)
			}
		}
		return coupleItems(l, r)
	})
}

func coupleItems(l, r *item) string {
	show := func(v *item) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprint(v.ID)
	}
	return show(l) + "+" + show(r)
}

var (
	lateItem = stream.NewTag[item]("late")
	items    = state.JSON[item]{}
)

func texts[R any](panes *stream.Keyed[string, stream.Pane[string, R]], text func(R) string) stream.Stream[string] {
	return stream.FlatMap(panes, func(p stream.Pane[string, R], emit func(string)) {
		if s := text(p.Value); s != dropped {
			emit(fmt.Sprint(p.Key, p.Window, s))
		}
	})
}

func itself(s string) string { return s }

type keyedItems = *stream.Keyed[string, item]

// folding are the operators under test. The second stream is for joins.
var folding = map[string]func(tr *trial, l, r keyedItems, opts ...stream.Option) stream.Stream[string]{
	"reduce": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		reduced := stream.Reduce(l, items, func(acc, v item) item {
			acc.IDs[0]++
			if acc.IDs = append(acc.IDs, v.ID); v.Bad {
				fail(v.ID)
			}
			return acc
		}, opts...)
		return stream.Map(reduced, func(v item) string { return fmt.Sprint(v.ID, v.IDs) })
	},
	"sum": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		return sums(stream.Sum(l, of, opts...))
	},
	"min": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		return sums(stream.Min(l, of, opts...))
	},
	"max": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		return sums(stream.Max(l, of, opts...))
	},
	"count": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		return sums(stream.Count(l, opts...))
	},
	"aggregate": func(tr *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		tr.always = true
		results := stream.Aggregate(l, tr.tallies(), opts...)
		return stream.Map(results, func(kv stream.KV[string, string]) string { return kv.Key + kv.Value })
	},
	"window aggregate": func(tr *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		if tr.clock {
			return texts(stream.WindowAggregate(l, tr.windows(), tr.tallies(), opts...), itself)
		}
		panes := stream.WindowAggregate(l, tr.windows(), tr.tallies(), append(opts, stream.LateTo(lateItem))...)
		stream.To(stream.Side(panes, lateItem), "late", func(v item, out *stream.Output) error {
			out.Value, out.Timestamp = fmt.Append(out.Buf(), v.ID, " at ", out.Timestamp-v.At), 0
			return nil
		})
		return texts(panes, itself)
	},
	"count window": func(tr *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		tr.always = true
		return texts(stream.WindowAggregate(l, stream.CountWindows(3), tr.tallies(), opts...), itself)
	},
	"window reduce": func(tr *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		panes := stream.WindowReduce(l, tr.windows(), items, func(acc, v item) item {
			if v.Bad {
				fail(v.ID)
			}
			acc.IDs = slices.Concat(acc.IDs, v.IDs)
			return acc
		}, opts...)
		return texts(panes, func(v item) string { return fmt.Sprint(v.IDs) })
	},
	"window join": func(tr *trial, l, r keyedItems, opts ...stream.Option) stream.Stream[string] {
		join := tr.joiner(true)
		if tr.spec.lateness > 0 {
			join.Left, join.Right = nil, nil
		}
		return texts(stream.WindowJoin(l, r, tr.windows(), items, items, join, opts...), itself)
	},
	"interval join": func(tr *trial, l, r keyedItems, opts ...stream.Option) stream.Stream[string] {
		return stream.IntervalJoin(l, r, ms(-10), ms(20), items, items, tr.joiner(false).Both, opts...)
	},
	"table join": func(tr *trial, l, r keyedItems, opts ...stream.Option) stream.Stream[string] {
		rows := stream.AsTable(r, func(v item) (item, bool) { return v, v.ID%5 > 0 })
		join := tr.joiner(false)
		join.Right = nil
		return stream.JoinTable(l, rows, items, join, opts...)
	},
	"tables": func(tr *trial, l, r keyedItems, opts ...stream.Option) stream.Stream[string] {
		left := stream.AsTable(l, func(v item) (item, bool) { return v, v.ID%4 > 0 })
		right := stream.AsTable(r, func(v item) (item, bool) { return v, v.ID%5 > 0 })
		joined := stream.JoinTables(left, right, items, items, tr.joiner(false), opts...)
		return stream.Map(joined, func(c stream.Change[string, string]) string { return fmt.Sprint(c) })
	},
	"as table": func(_ *trial, l, _ keyedItems, opts ...stream.Option) stream.Stream[string] {
		changes := stream.AsTable(l, func(v item) (int64, bool) { return of(v), v.ID%2 == 0 }, opts...)
		return stream.Map(changes, func(c stream.Change[string, int64]) string { return fmt.Sprint(c) })
	},
}

// job is the operator between two sources, where the reference leaves out what was let go, and a sink.
func (tr *trial) job() *stream.Job {
	job := stream.NewJob("folding")
	var sides []keyedItems
	for _, topic := range []string{"left", "right"} {
		in := stream.From(job, stream.Topics(topic), func(r *stream.Record) (item, error) {
			v := tr.items[r.Offset]
			v.IDs = []int{v.ID}
			return v, nil
		}, stream.Watermarks(ms(3)), stream.TimestampOf(func(v item) int64 { return v.At }))
		left := stream.Filter(in, func(v item) bool { return !tr.gone[v.ID] })
		sides = append(sides, stream.KeyBy(left, func(v item) string { return v.Key }))
	}
	out := folding[tr.kind](tr, sides[0], sides[1], stream.UID("op"), stream.OnError(tr.policy))
	write := func(s stream.Stream[string], topic string) {
		stream.To(s, topic, func(s string, out *stream.Output) error {
			out.Value, out.Timestamp = fmt.Append(out.Buf(), s, " at ", out.Timestamp), 0
			return nil
		})
	}
	write(out, "out")
	for _, side := range sides {
		stream.To(side, "all", func(v item, out *stream.Output) error { // another consumer sees what came, whatever became of it
			if out.Timestamp != v.At {
				return fmt.Errorf("the timestamp of record %d is %d", v.ID, out.Timestamp)
			}
			out.Timestamp = 0
			return nil
		})
	}
	return job
}

// step is a batch, or what comes of the clock.
type step struct {
	batch   *txn.Batch
	advance int64
}

// report is what a run comes to: what was written and let go in each step, and what is left in state.
type report struct {
	steps [][]string
	state []string
	gone  map[int]bool
	lost  []string // ids of the dead letters, by key
}

// run plays the steps, and lets all windows end.
func (tr *trial) run(t *rapid.T, steps []step, parallelism int) (rep report) {
	r, err := streamtest.New(tr.job())
	if err != nil {
		t.Fatal(err)
	}
	rep.gone = map[int]bool{}
	late := 0
	r.Parallelism, r.Lost = parallelism, func(uid string, why operators.Loss, err error) {
		if why == operators.Late {
			late++
			return
		}
		var at *operators.RecordError
		if !errors.As(err, &at) || at.UID != "op" || uid != "op" || (why == operators.DeadLetter) != (tr.policy != stream.Skip) {
			t.Fatalf("%s lets go (%d) because of %v", uid, why, err)
		}
		if !at.Timer {
			rep.gone[int(at.Offset)] = true
		}
		if why == operators.DeadLetter {
			rep.lost = append(rep.lost, fmt.Sprint(tr.items[at.Offset].Key, at.Offset))
		}
	}
	clock := time.UnixMilli(1000)
	if err := r.Advance(clock); err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.batch != nil {
			b := *s.batch
			b.Records = slices.Clone(b.Records)
			err = r.Feed(&b)
		} else {
			clock = clock.Add(ms(s.advance))
			err = r.Advance(clock)
		}
		rep.step(t, r, err, late)
	}
	entries, err := r.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		rep.state = append(rep.state, fmt.Sprintf("%x %q", e.Key, e.Value))
	}
	rep.step(t, r, r.End(), late)
	return rep
}

// step takes what has been written.
func (rep *report) step(t *rapid.T, r *streamtest.Runner, err error, late int) {
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{fmt.Sprint(late, " late")}
	for _, rec := range out {
		switch rec.Topic {
		case "letters":
			rep.lost = append(rep.lost, "letter "+letter(rec))
		case "out", "late":
			got = append(got, rec.Topic+" "+string(rec.Value))
		}
	}
	slices.Sort(got)
	rep.steps = append(rep.steps, got)
}

func letter(rec txn.Record) string {
	for _, h := range rec.Headers {
		if h.Key == stream.HeaderOffset {
			return string(rec.Key) + string(h.Value)
		}
	}
	return ""
}

// letters compares the dead letters with what was let go, key by key in order.
func (rep *report) letters(t *rapid.T) {
	want, got := map[byte][]string{}, map[byte][]string{}
	for _, l := range rep.lost {
		if text, ok := strings.CutPrefix(l, "letter "); ok {
			got[text[0]] = append(got[text[0]], text)
		} else {
			want[l[0]] = append(want[l[0]], l)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("dead letters by key are %v, want %v", got, want)
	}
}

func drawTrial(t *rapid.T, kind string) (tr trial, steps []step) {
	tr = trial{kind: kind, spec: drawSpec(t), policy: rapid.SampledFrom([]stream.ErrorPolicy{stream.Skip, stream.DeadLetter("letters")}).Draw(t, "policy")}
	tr.ends = tr.policy == stream.Skip // else they fail the epoch
	tr.clock = rapid.Bool().Draw(t, "clock")
	join := kind == "window join"
	if join && !tr.spec.session && rapid.Bool().Draw(t, "late") { // only pairs of a window that has ended are made by a record
		tr.clock, tr.spec.lateness = false, 20
	}
	if tr.clock || join && tr.spec.session {
		tr.spec.lateness = 0
	}
	if !join {
		tr.early = rapid.SampledFrom([]int64{0, 0, 4}).Draw(t, "early")
	}
	for i := range rapid.IntRange(1, 50).Draw(t, "items") {
		tr.items = append(tr.items, item{Key: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), At: int64(i) + rapid.Int64Range(-15, 15).Draw(t, "out of order"),
			ID: i, Bad: rapid.IntRange(0, 3).Draw(t, "bad") == 0})
	}
	for i := 0; i < len(tr.items); {
		if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
			steps = append(steps, step{advance: rapid.Int64Range(1, 10).Draw(t, "advance")})
		}
		b := &txn.Batch{Partition: txn.Partition{Topic: rapid.SampledFrom([]string{"left", "right"}).Draw(t, "topic")}}
		for range min(len(tr.items)-i, rapid.IntRange(1, 4).Draw(t, "batch")) {
			b.Records = append(b.Records, txn.Record{Key: []byte(tr.items[i].Key), Offset: int64(i)})
			i++
		}
		steps = append(steps, step{batch: b})
	}
	return tr, steps
}

// Of a record that is let go nothing remains: outputs, states and timers are those of a job that never got it, step by step, and nothing else fails. So for
// each operator that folds records into state, with functions that fail after they have changed what they were given.
func TestOnErrorLeavesNothing(t *testing.T) {
	for kind := range folding {
		t.Run(kind, func(t *testing.T) {
			letGo := 0
			check := func(t *rapid.T) {
				tr, steps := drawTrial(t, kind)
				parallelism := rapid.IntRange(1, 3).Draw(t, "parallelism")
				got := tr.run(t, steps, parallelism)
				got.letters(t)
				letGo += len(got.gone)
				ref := tr
				ref.policy, ref.reference, ref.gone = stream.Fail, true, got.gone
				want := ref.run(t, steps, parallelism)
				for i := range want.steps {
					if !slices.Equal(got.steps[i], want.steps[i]) {
						t.Fatalf("step %d: without %v:\n%s\nwant\n%s", i, got.gone, strings.Join(got.steps[i], "\n"), strings.Join(want.steps[i], "\n"))
					}
				}
				if !slices.Equal(got.state, want.state) {
					t.Fatalf("without %v state is\n%s\nwant\n%s", got.gone, strings.Join(got.state, "\n"), strings.Join(want.state, "\n"))
				}
			}
			// A window join lets go of few: more are drawn until there is one.
			for draws := 0; draws == 0 || letGo == 0 && kind != "count" && draws < 20; draws++ {
				rapid.Check(t, check)
			}
			if (letGo == 0) != (kind == "count") {
				t.Errorf("%d records were let go", letGo)
			}
		})
	}
}
