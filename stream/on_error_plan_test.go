package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// Mistakes with policies show in the plan.
func TestOnErrorMistakes(t *testing.T) {
	write := stream.AsValue(state.String{})
	for want, build := range map[string]func(in stream.Stream[string]){
		"OnError is not for this operator: it runs no function": func(in stream.Stream[string]) {
			rules := stream.Broadcast(in, stream.OnError(stream.Skip))
			stream.To(stream.ProcessBroadcast(stream.KeyBy(in, strings.ToLower), rules, func(*stream.Setup) (stream.ProcessFunc[string, string, string], stream.BroadcastFunc[string]) {
				return func(*stream.Context[string, string], string) error { return nil }, func(*stream.BroadcastContext, string) error { return nil }
			}, stream.UID("p")), "out", write)
		},
		"OnError is not for a table with TableTTL and OnRead": func(in stream.Stream[string]) {
			byKey := stream.KeyBy(in, strings.ToLower)
			rows := stream.AsTable(byKey, func(v string) (string, bool) { return v, true })
			stream.To(stream.JoinTable(byKey, rows, state.String{}, stream.InnerJoin(func(l, _ string) string { return l }), stream.UID("j"),
				stream.TableTTL(stream.TTL{After: time.Hour, OnRead: true}), stream.OnError(stream.Skip)), "out", write)
		},
		"the policy of OnError is nil":           func(in stream.Stream[string]) { stream.To(in, "out", write, stream.OnError(nil)) },
		"the topic of its dead letters is empty": func(in stream.Stream[string]) { stream.To(in, "out", write, stream.OnError(stream.DeadLetter(""))) },
		`topic "in", which source "kafka_source" reads`: func(in stream.Stream[string]) {
			stream.To(in, "out", write, stream.OnError(stream.DeadLetter("in")))
		},
	} {
		job := stream.NewJob("job")
		build(stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("kafka_source")))
		if _, err := job.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Each stage names the topics that it writes dead letters to, so that they are looked at before the job begins.
func TestLettersOfPlan(t *testing.T) {
	job := stream.NewJob("job")
	in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.OnError(stream.DeadLetter("a")))
	byKey := stream.KeyBy(in, strings.ToLower, stream.OnError(stream.DeadLetter("b")))
	stream.To(byKey, "out", stream.AsValue(state.String{}), stream.OnError(stream.DeadLetter("c")))
	plan, err := job.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(plan.Stages[0].Sinks, plan.Stages[0].Letters, plan.Stages[1].Sinks, plan.Stages[1].Letters); got != "[a b] [a b] [out c] [c]" {
		t.Fatal(got)
	}
}

// alarming passes records on at a timer, and fails as they say: in the function itself, in the timer's, or behind it.
func alarming(p stream.ErrorPolicy) *stream.Job {
	job := stream.NewJob("alarming")
	in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	out := stream.Process(stream.KeyBy(in, func(v string) string { return v }), func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		fired := stream.ValueState(s, "fired", state.Bool{})
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], _ stream.Timer) error {
			ctx.Emit(ctx.Key())
			if ctx.Key() == "changing timer" {
				if err := fired.Set(true); err != nil {
					return err
				}
			}
			if strings.HasSuffix(ctx.Key(), "timer") {
				return errors.New("no good")
			}
			return nil
		})
		return func(ctx *stream.Context[string, string], v string) error {
			if v == "function" {
				return errors.New("no good")
			}
			return timers.Set(stream.ProcessingTime, ctx.Now().UnixMilli()+1)
		}
	}, stream.UID("process"), stream.OnError(p))
	stream.To(out, "out", func(v string, out *stream.Output) error {
		out.Value = []byte(v)
		if v == "sink" {
			return errors.New("no good")
		}
		return nil
	}, stream.UID("sink"), stream.OnError(p))
	return job
}

// What fails in a timer's function, or behind it, can be skipped but has no dead letter. If the function has changed state, the epoch fails.
func TestOnErrorAndTimers(t *testing.T) {
	for _, c := range []struct {
		policy stream.ErrorPolicy
		value  string
		want   string
		fails  string // operator
	}{
		{stream.Skip, "fine", "[fine]", ""},
		{stream.Skip, "function", "[]", ""},
		{stream.Fail, "timer", "", "process"},
		{stream.Skip, "timer", "[]", ""},
		{stream.Skip, "changing timer", "", "process"},
		{stream.Skip, "sink", "[]", ""},
		{stream.DeadLetter("letters"), "fine", "[fine]", ""},
		{stream.DeadLetter("letters"), "function", "[letters]", ""},
		{stream.DeadLetter("letters"), "timer", "", "process"},
		{stream.DeadLetter("letters"), "sink", "", "sink"},
	} {
		r, err := streamtest.New(alarming(c.policy))
		if err != nil {
			t.Fatal(err)
		}
		begin := time.UnixMilli(1000)
		err = errors.Join(r.Advance(begin), r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: []txn.Record{{Value: []byte(c.value)}}}))
		err = errors.Join(err, r.Advance(begin.Add(time.Second)))
		out, flushErr := r.Output()
		err = errors.Join(err, flushErr)
		var got []string
		for _, rec := range out {
			if rec.Topic == "out" {
				got = append(got, string(rec.Value))
			} else {
				got = append(got, rec.Topic)
			}
		}
		var at *operators.RecordError
		switch {
		case c.fails == "" && (err != nil || fmt.Sprint(got) != c.want):
			t.Errorf("%v, %s: %v, %v", c.policy, c.value, got, err)
		case c.fails != "" && (!errors.As(err, &at) || at.Culprit != operators.Culprit{UID: c.fails, Timer: true, Offset: 1001, Key: c.value}):
			t.Errorf("%v, %s: %v", c.policy, c.value, err)
		case c.fails != "" && !strings.Contains(err.Error(), "timer of 1970-01-01T00:00:01.001Z"):
			t.Errorf("%v, %s: says %v", c.policy, c.value, err)
		}
	}
}

// Late records that nobody reads are told of; those of LateTo are not.
func TestLateRecordsAreCounted(t *testing.T) {
	for _, read := range []bool{false, true} {
		job := stream.NewJob("late")
		in := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.Watermarks(0))
		tag := stream.NewTag[string]("late")
		opts := []stream.Option{stream.UID("window")}
		if read {
			opts = append(opts, stream.LateTo(tag))
		}
		panes := stream.WindowReduce(stream.KeyBy(in, func(string) string { return "k" }), stream.Tumbling(10*time.Millisecond), state.String{},
			func(_, v string) string { return v }, opts...)
		stream.To(panes, "out", func(p stream.Pane[string, string], out *stream.Output) error { return nil })
		if read {
			stream.To(stream.Side(panes, tag), "late", stream.AsValue(state.String{}))
		}
		r, err := streamtest.New(job)
		if err != nil {
			t.Fatal(err)
		}
		var lost []string
		r.Lost = func(uid string, why operators.Loss, err error) {
			lost = append(lost, fmt.Sprint(uid, " ", why == operators.Late, " ", err))
		}
		for i, ts := range []int64{5, 100, 7} {
			b := &txn.Batch{Partition: txn.Partition{Topic: "in"}, Records: []txn.Record{{Timestamp: ts, Offset: int64(i)}}}
			if err := r.Feed(b); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Output(); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[bool]string{false: "[window true <nil>]", true: "[]"}[read]; fmt.Sprint(lost) != want {
			t.Errorf("lost %v, want %v", lost, want)
		}
	}
}
