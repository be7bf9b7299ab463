package stream_test

import (
	"fmt"
	"maps"
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

// echo comes back at the time that it asks for.
type echo struct {
	TS, At int64
	Key    string
	N      int64
}

func (e echo) String() string { return fmt.Sprintln(e.TS, e.At, e.Key, e.N) }

// echoes has timers whose results go into windows of the same key, and these into windows of another: what comes of a key depends on the
// order of its records and timers, and on what is late.
func echoes() *stream.Job {
	job := stream.NewJob("echoes")
	in := stream.From(job, stream.Topics("in"), func(r *stream.Record) (e echo, err error) {
		_, err = fmt.Sscan(string(r.Value), &e.TS, &e.At, &e.Key, &e.N)
		return e, err
	}, stream.Watermarks(20*time.Millisecond), stream.TimestampOf(func(e echo) int64 { return e.TS }))
	byKey := stream.KeyBy(in, func(e echo) string { return e.Key })
	back := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, echo, echo] {
		seen := stream.ValueState(s, "seen", state.Int64{})
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(ctx *stream.Context[string, echo], t stream.Timer) error {
			n, _, err := seen.Get()
			if err != nil {
				return err
			}
			ctx.Emit(echo{t.At, 0, ctx.Key(), n})
			if t.At%3 == 0 {
				return timers.Set(stream.EventTime, t.At+2)
			}
			return seen.Set(n * 2 % 1000)
		})
		return func(_ *stream.Context[string, echo], e echo) error {
			n, _, err := seen.Get()
			if err == nil {
				err = seen.Set((n + e.N) % 1000)
			}
			if err != nil {
				return err
			}
			return timers.Set(stream.EventTime, e.At)
		}
	}, stream.UID("back"))
	write := func(e echo, out *stream.Output) error {
		out.Key, out.Value = append(out.Buf(), e.Key...), append(out.Buf(), e.String()...)
		return nil
	}
	stream.To(back, "back", write)
	late := stream.NewTag[echo]("late") // nothing: timers fire before their time is over
	last := func(a, b echo) echo { return echo{a.TS + b.TS, 0, a.Key, a.N*7%1000 + b.N} }
	windows := stream.WindowReduce(back, stream.Tumbling(5*time.Millisecond).AllowLateness(3*time.Millisecond), state.JSON[echo]{}, last,
		stream.LateTo(late), stream.UID("windows"))
	panes := stream.Map(windows, func(p stream.Pane[string, echo]) echo {
		return echo{p.Window.Start, p.Value.TS, p.Key, p.Value.N}
	})
	stream.To(panes, "panes", write)
	stream.To(stream.Side(windows, late), "late", write)
	all := stream.KeyBy(panes, func(echo) string { return "all" })
	sums := stream.WindowReduce(all, stream.Tumbling(10*time.Millisecond), state.JSON[echo]{}, func(a, b echo) echo {
		return echo{a.TS, a.At + b.At, "all", a.N + b.N}
	}, stream.UID("sums"))
	stream.To(sums, "sums", func(p stream.Pane[string, echo], out *stream.Output) error {
		out.Key, out.Value = []byte("all"), fmt.Append(out.Buf(), p.Window.Start, p.Value.At, p.Value.N)
		return nil
	})
	return job
}

// outcome is what was written for each topic and key, in order.
func outcome(records []txn.Record) map[string][]string {
	all := map[string][]string{}
	for _, r := range records {
		id := r.Topic + " " + string(r.Key)
		all[id] = append(all[id], string(r.Value))
	}
	return all
}

// For each key it makes no difference whether due timers fire at once or in bursts, with records in between.
func TestTimersInBursts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var runners []*streamtest.Runner
		for _, burst := range []int{0, rapid.IntRange(1, 4).Draw(t, "burst")} {
			r, err := streamtest.New(echoes())
			if err != nil {
				t.Fatal(err)
			}
			r.Burst = burst
			runners = append(runners, r)
		}
		wm := int64(0)
		for round := range rapid.IntRange(1, 6).Draw(t, "rounds") {
			wm += rapid.Int64Range(0, 30).Draw(t, "step")
			feeds := []echo{{wm + 21, wm + 40, "clock", 1}}
			for range rapid.IntRange(0, 20).Draw(t, "feeds") {
				feeds = append(feeds, echo{
					wm + rapid.Int64Range(-3, 20).Draw(t, "ts"), wm + rapid.Int64Range(1, 40).Draw(t, "at"),
					rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "key"), rapid.Int64Range(1, 9).Draw(t, "n"),
				})
			}
			var got []map[string][]string
			for _, r := range runners {
				for _, e := range feeds {
					b := &txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: []txn.Record{{Value: []byte(e.String())}}}
					if err := r.Feed(b); err != nil {
						t.Fatal(err)
					}
				}
				out, err := r.Output()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, outcome(out))
			}
			for _, id := range slices.Collect(maps.Keys(got[1])) {
				if _, ok := got[0][id]; !ok {
					t.Fatalf("round %d: %s: %q in bursts only", round, id, got[1][id])
				}
			}
			for id, want := range got[0] {
				if strings.HasPrefix(id, "late") {
					t.Fatalf("round %d: %s: %q, which were made before event time went on", round, id, want)
				}
				if !slices.Equal(got[1][id], want) {
					t.Fatalf("round %d: %s: in bursts %q, at once %q", round, id, got[1][id], want)
				}
			}
		}
	})
}
