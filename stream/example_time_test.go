package stream_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// visit is read from "seconds who": it has a time of its own.
type visit struct {
	At  int64 // ms
	Who string
}

func readVisit(r *stream.Record) (visit, error) {
	at, who, _ := strings.Cut(string(r.Value), " ")
	s, err := strconv.ParseInt(at, 10, 64)
	return visit{s * 1000, who}, err
}

// visits may be out of order by two seconds.
func visits(job *stream.Job) *stream.Keyed[string, visit] {
	in := stream.From(job, stream.Topics("visits"), readVisit, stream.Watermarks(2*time.Second), stream.TimestampOf(func(v visit) int64 { return v.At }))
	return stream.KeyBy(in, func(v visit) string { return v.Who })
}

// howMany counts records incrementally: a window keeps the number only.
var howMany = stream.Aggregator[visit, int64, int64]{
	Codec:  state.Int64{},
	New:    func() int64 { return 0 },
	Add:    func(acc int64, _ visit) int64 { return acc + 1 },
	Merge:  func(a, b int64) int64 { return a + b },
	Result: func(acc int64) int64 { return acc },
}

func writePane(p stream.Pane[string, int64], out *stream.Output) error {
	out.Value = fmt.Appendf(out.Buf(), "%s: %d from %ds to %ds", p.Key, p.Value, p.Window.Start/1000, p.Window.End/1000)
	return nil
}

// Emits what a visitor has not come back to for ten seconds.
func ExampleOnTimer() {
	job := stream.NewJob("left")
	left := stream.Process(visits(job), func(s *stream.Setup) stream.ProcessFunc[string, visit, string] {
		last := stream.ValueState(s, "last", state.Int64{})
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(fmt.Sprintf("%s has left, noticed at %ds", ctx.Key(), t.At/1000))
			return last.Clear()
		})
		return func(ctx *stream.Context[string, string], v visit) error {
			if before, ok, err := last.Get(); err != nil {
				return err
			} else if ok {
				if err := timers.Delete(stream.EventTime, before+10_000); err != nil {
					return err
				}
			}
			if err := last.Set(v.At); err != nil {
				return err
			}
			return timers.Set(stream.EventTime, v.At+10_000)
		}
	}, stream.UID("left"))
	stream.To(left, "out", stream.AsValue(state.String{}))
	play(job, "0 ann", "1 bob", "8 ann", "15 bob", "30 cid")
	// Output:
	// ann has left, noticed at 18s
	// bob has left, noticed at 25s
}

func ExampleWindowAggregate() {
	job := stream.NewJob("per-minute")
	perMinute := stream.WindowAggregate(visits(job), stream.Tumbling(time.Minute), howMany, stream.UID("per_minute"))
	stream.To(perMinute, "out", writePane)
	play(job, "3 ann", "61 ann", "59 ann", "125 ann") // 59 is out of order, but not late
	// Output:
	// ann: 2 from 0s to 60s
	// ann: 1 from 60s to 120s
}

func ExampleWindowReduce() {
	job := stream.NewJob("latest")
	latest := stream.WindowReduce(visits(job), stream.Tumbling(time.Minute), state.JSON[visit]{}, func(a, b visit) visit {
		if b.At > a.At {
			return b
		}
		return a
	}, stream.UID("latest"))
	stream.To(latest, "out", func(p stream.Pane[string, visit], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s was last seen at %ds", p.Value.Who, p.Value.At/1000)
		return nil
	})
	play(job, "3 ann", "50 ann", "49 ann", "70 ann")
	// Output: ann was last seen at 50s
}

func ExampleSliding() {
	job := stream.NewJob("sliding")
	w := stream.Sliding(20*time.Second, 10*time.Second)
	stream.To(stream.WindowAggregate(visits(job), w, howMany, stream.UID("sliding")), "out", writePane)
	play(job, "3 ann", "12 ann", "15 ann", "40 ann")
	// Output:
	// ann: 1 from -10s to 10s
	// ann: 3 from 0s to 20s
	// ann: 2 from 10s to 30s
}

func ExampleSession() {
	job := stream.NewJob("sessions")
	stream.To(stream.WindowAggregate(visits(job), stream.Session(10*time.Second), howMany, stream.UID("sessions")), "out", writePane)
	play(job, "3 ann", "7 ann", "16 ann", "40 ann", "60 ann")
	// Output:
	// ann: 3 from 3s to 26s
	// ann: 1 from 40s to 50s
}

func ExampleCountWindows() {
	job := stream.NewJob("thirds")
	sums := stream.WindowReduce(byPayer(job), stream.CountWindows(3), state.JSON[payment]{}, func(a, b payment) payment {
		return payment{a.Who, a.Amount + b.Amount}
	}, stream.UID("thirds"))
	stream.To(stream.Map(sums, func(p stream.Pane[string, payment]) payment { return p.Value }), "out", writePayment)
	play(job, "ann 1", "ann 2", "bob 5", "ann 3", "ann 9")
	// Output: ann 6
}

// A window emits again when a late record comes within the allowed lateness; what comes later than that goes to the side output.
func ExampleLateTo() {
	job := stream.NewJob("late")
	late := stream.NewTag[visit]("late")
	w := stream.Tumbling(10 * time.Second).AllowLateness(20 * time.Second)
	panes := stream.WindowAggregate(visits(job), w, howMany, stream.UID("late"), stream.LateTo(late))
	stream.To(panes, "out", writePane)
	stream.To(stream.Side(panes, late), "late", func(v visit, out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s at %ds is late", v.Who, v.At/1000)
		return nil
	})
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, v := range []string{"1 ann", "20 ann", "2 ann", "50 ann", "3 ann"} {
		batch := &txn.Batch{Partition: txn.Partition{Topic: "visits"}, Records: []txn.Record{{Value: []byte(v), Offset: int64(i)}}}
		if err := r.Feed(batch); err != nil {
			fmt.Println(err)
		}
	}
	out, _ := r.Output()
	for _, rec := range out {
		fmt.Printf("%s\n", rec.Value)
	}
	// Output:
	// ann: 1 from 0s to 10s
	// ann: 2 from 0s to 10s
	// ann: 1 from 20s to 30s
	// ann at 3s is late
}

// By the machine's clock, with a look at each window every ten seconds.
func ExampleWindows_Early() {
	job := stream.NewJob("early")
	w := stream.Tumbling(time.Minute).ProcessingTime().Early(10 * time.Second)
	stream.To(stream.WindowAggregate(visits(job), w, howMany, stream.UID("early")), "out", writePane)
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, second := range []int64{1, 5, 32, 70} {
		_ = r.Advance(time.Unix(second, 0))
		_ = r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "visits"}, Records: []txn.Record{{Value: []byte("0 ann")}}})
		out, _ := r.Output()
		for _, rec := range out {
			fmt.Printf("by second %d: %s\n", second, rec.Value)
		}
	}
	// Output:
	// by second 32: ann: 2 from 0s to 60s
	// by second 70: ann: 3 from 0s to 60s
	// by second 70: ann: 3 from 0s to 60s
}

func ExampleSideOutput() {
	job := stream.NewJob("split")
	large := stream.NewTag[string]("large")
	small := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, payment] {
		out := stream.SideOutput(s, large)
		return func(ctx *stream.Context[string, payment], p payment) error {
			if p.Amount >= 100 {
				out.Emit(fmt.Sprint(p.Who, " paid a lot"))
				return nil
			}
			ctx.Emit(p)
			return nil
		}
	}, stream.UID("split"))
	stream.To(small, "small", writePayment)
	stream.To(stream.Side(small, large), "large", stream.AsValue(state.String{}))
	play(job, "ann 1", "bob 500", "ann 3")
	// Output:
	// ann 1
	// bob paid a lot
	// ann 3
}

func ExampleUnion() {
	job := stream.NewJob("union")
	in := payments(job)
	odd := stream.Filter(in, func(p payment) bool { return p.Amount%2 == 1 })
	double := stream.Map(in, func(p payment) payment { return payment{p.Who, 2 * p.Amount} })
	stream.To(stream.Union(odd, double), "out", writePayment)
	play(job, "ann 1", "bob 2")
	// Output:
	// ann 1
	// ann 2
	// bob 4
}

func ExampleAggregate() {
	job := stream.NewJob("average")
	type total struct{ Sum, N int64 }
	averages := stream.Aggregate(byPayer(job), stream.Aggregator[payment, total, float64]{
		Codec:  state.JSON[total]{},
		New:    func() total { return total{} },
		Add:    func(acc total, p payment) total { return total{acc.Sum + p.Amount, acc.N + 1} },
		Result: func(acc total) float64 { return float64(acc.Sum) / float64(acc.N) },
	}, stream.UID("average"))
	stream.To(averages, "out", func(a stream.KV[string, float64], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s: %v", a.Key, a.Value)
		return nil
	})
	play(job, "ann 1", "ann 2", "bob 9")
	// Output:
	// ann: 1
	// ann: 1.5
	// bob: 9
}

func amount(p payment) int64 { return p.Amount }

func ExampleMax() {
	job := stream.NewJob("max")
	stream.To(stream.Max(byPayer(job), amount, stream.UID("max")), "out", stream.AsPair(state.String{}, decimal{}))
	play(job, "ann 5", "ann 3", "ann 8")
	// Output:
	// ann: 5
	// ann: 5
	// ann: 8
}

func ExampleMin() {
	job := stream.NewJob("min")
	stream.To(stream.Min(byPayer(job), amount, stream.UID("min")), "out", stream.AsPair(state.String{}, decimal{}))
	play(job, "ann 5", "ann 3", "ann 8")
	// Output:
	// ann: 5
	// ann: 3
	// ann: 3
}

// Event time comes as far as in the partition that is furthest behind; one without records holds it back until it counts as idle.
func ExampleIdleAfter() {
	job := stream.NewJob("idle")
	in := stream.From(job, stream.Topics("visits"), readVisit, stream.Watermarks(0), stream.IdleAfter(time.Minute),
		stream.TimestampOf(func(v visit) int64 { return v.At }))
	byVisitor := stream.KeyBy(in, func(v visit) string { return v.Who })
	stream.To(stream.WindowAggregate(byVisitor, stream.Tumbling(10*time.Second), howMany, stream.UID("idle")), "out", writePane)
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = r.Advance(time.Unix(1000, 0))
	feed := func(partition int32, v string) {
		_ = r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "visits", ID: partition}, Records: []txn.Record{{Value: []byte(v)}}})
	}
	show := func(when string) {
		out, _ := r.Output()
		fmt.Println(when, len(out), "panes")
	}
	feed(0, "5 ann")
	feed(1, "5 ann")
	_ = r.Advance(time.Unix(1030, 0))
	feed(1, "20 ann")
	show("partition 0 is at 5s:")
	_ = r.Advance(time.Unix(1060, 0))
	show("partition 0 is idle:")
	// Output:
	// partition 0 is at 5s: 0 panes
	// partition 0 is idle: 1 panes
}

// Greets a visitor who was not seen for a minute of event time. For bob at 180s the watermark is still that of 100s.
func ExampleTTL() {
	job := stream.NewJob("greet")
	greetings := stream.Process(visits(job), func(s *stream.Setup) stream.ProcessFunc[string, visit, string] {
		known := stream.ValueState(s, "known", state.Bool{}, stream.TTL{After: time.Minute, Domain: stream.EventTime})
		return func(ctx *stream.Context[string, string], v visit) error {
			_, ok, err := known.Get()
			if err != nil {
				return err
			}
			if !ok {
				ctx.Emit(fmt.Sprintf("hello %s, at %ds", v.Who, v.At/1000))
			}
			return known.Set(true)
		}
	}, stream.UID("greet"))
	stream.To(greetings, "out", stream.AsValue(state.String{}))
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range []string{"0 ann", "50 ann", "80 bob", "100 ann", "180 bob", "181 ann"} {
		_ = r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "visits"}, Records: []txn.Record{{Value: []byte(v)}}})
	}
	out, _ := r.Output()
	for _, rec := range out {
		fmt.Printf("%s\n", rec.Value)
	}
	// Output:
	// hello ann, at 0s
	// hello bob, at 80s
	// hello ann, at 181s
}
