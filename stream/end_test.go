package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// reminders emits each visitor's name when the clock shows the time asked for, and sets the next one, a second later, for ever.
func reminders(in *stream.Keyed[string, visit]) *stream.Keyed[string, string] {
	return stream.Process(in, func(s *stream.Setup) stream.ProcessFunc[string, visit, string] {
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(ctx *stream.Context[string, string], t stream.Timer) error {
			ctx.Emit(fmt.Sprintf("%s %d", ctx.Key(), ctx.Now().UnixMilli()))
			return timers.Set(stream.ProcessingTime, t.At+1000)
		})
		return func(_ *stream.Context[string, string], v visit) error { return timers.Set(stream.ProcessingTime, v.At) }
	}, stream.UID("reminders"))
}

// At the end timers of the clock fire once and see their own time; what they emit is in time for the windows behind them, by the clock and in event time, in
// the same chain and behind an exchange. Those that they set stay.
func TestEndGoesDownTheGraph(t *testing.T) {
	job := stream.NewJob("end")
	reminded := reminders(visits(job))
	each := func(w stream.Windows, uid string) {
		all := stream.KeyBy(reminded, func(string) string { return "all" })
		list := stream.WindowReduce(all, w, state.String{}, func(a, b string) string { return a + "," + b }, stream.UID(uid))
		stream.To(list, "out", func(p stream.Pane[string, string], out *stream.Output) error {
			out.Value = fmt.Appendf(nil, "%s %d: %s", uid, p.Window.Start, p.Value)
			return nil
		})
	}
	each(stream.Tumbling(10*time.Second), "event")
	each(stream.Tumbling(time.Hour).ProcessingTime(), "clock")
	here := stream.WindowReduce(reminded, stream.Tumbling(10*time.Second), state.String{}, func(a, b string) string { return a + "," + b }, stream.UID("here"))
	stream.To(here, "out", func(p stream.Pane[string, string], out *stream.Output) error {
		out.Value = fmt.Appendf(nil, "here %d: %s", p.Window.Start, p.Value)
		return nil
	})
	r, err := streamtest.New(job)
	if err != nil {
		t.Fatal(err)
	}
	must(t, r.Advance(time.UnixMilli(5000)))
	must(t, r.Feed(visitsOf("20 b", "30 a", "31 a")))
	must(t, r.End())
	want := []string{
		"here 20000: b 20000", "here 30000: a 30000,a 31000",
		"event 20000: b 20000", "event 30000: a 30000,a 31000",
		"clock 0: b 20000,a 30000,a 31000",
	}
	wantValues(t, r, want)
	must(t, r.Feed(visitsOf("40 c"))) // event time goes on: it is at 38 behind this
	must(t, r.Advance(time.UnixMilli(33_000)))
	must(t, r.End())
	got := strings.Join(valuesOf(t, r), "\n")
	for _, line := range []string{"here 40000: c 40000", "clock 0: b 21000", "a 34000,c 40000"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in\n%s", line, got)
		}
	}
}

// A function that answers the end of event time with one more timer is told so, rather than never coming to an end.
func TestEndWithoutEnd(t *testing.T) {
	job := stream.NewJob("endless")
	out := stream.Process(visits(job), func(s *stream.Setup) stream.ProcessFunc[string, visit, string] {
		var timers *stream.Timers
		timers = stream.OnTimer(s, func(_ *stream.Context[string, string], t stream.Timer) error {
			return timers.Set(stream.EventTime, t.At+1)
		})
		return func(_ *stream.Context[string, string], v visit) error { return timers.Set(stream.EventTime, v.At) }
	}, stream.UID("for_ever"))
	stream.To(out, "out", stream.AsValue(state.String{}))
	r, err := streamtest.New(job)
	if err != nil {
		t.Fatal(err)
	}
	must(t, r.Feed(visitsOf("1 a")))
	if err := r.End(); err == nil || !strings.Contains(err.Error(), "for_ever") || !strings.Contains(err.Error(), "set further ones") {
		t.Fatal(err)
	}
}

func visitsOf(values ...string) *txn.Batch {
	b := &txn.Batch{Partition: txn.Partition{Topic: "visits"}}
	for i, v := range values {
		b.Records = append(b.Records, txn.Record{Offset: int64(i), Value: []byte(v)})
	}
	return b
}

func valuesOf(t *testing.T, r *streamtest.Runner) (all []string) {
	t.Helper()
	records, err := r.Output()
	must(t, err)
	for _, rec := range records {
		all = append(all, string(rec.Value))
	}
	return all
}

func wantValues(t *testing.T, r *streamtest.Runner, want []string) {
	t.Helper()
	if got := valuesOf(t, r); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
