package weirtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// picky counts words, and lets go of what it does not like: in decode, before and behind an exchange, and in the sink.
func picky() *stream.Job {
	job := stream.NewJob("picky")
	refuse := func(v, word string) error {
		if v == word {
			return fmt.Errorf("%s is not welcome", word)
		}
		return nil
	}
	words := stream.From(job, stream.Topics("in"), func(r *stream.Record) (string, error) {
		return string(r.Value), refuse(string(r.Value), "unread")
	}, stream.UID("source"), stream.OnError(stream.DeadLetter("letters")))
	parts := stream.TryFlatMap(words, func(v string, emit func(string)) error {
		emit(v)
		return refuse(v, "unsplit")
	}, stream.UID("split"), stream.OnError(stream.Skip))
	byWord := stream.KeyBy(parts, func(v string) string {
		if v == "unkeyed" {
			panic(errors.New("no key for it"))
		}
		return v[:1]
	}, stream.UID("by"), stream.OnError(stream.DeadLetter("letters")))
	counts := stream.Process(byWord, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		count := stream.ValueState(s, "count", state.Int64{})
		return func(ctx *stream.Context[string, string], v string) error {
			ctx.Emit("half done")
			n, _, err := count.Get()
			if err = errors.Join(err, refuse(v, "uncounted")); err != nil {
				return err
			}
			ctx.Emit(fmt.Sprint(v, " ", n+1))
			return count.Set(n + 1)
		}
	}, stream.UID("count"), stream.OnError(stream.DeadLetter("letters")))
	stream.To(counts, "out", func(v string, out *stream.Output) error {
		out.Key, out.Value = []byte(v[:1]), []byte(v)
		if strings.HasPrefix(v, "unwritten") {
			return errors.New("unwritten is not welcome")
		}
		return nil
	}, stream.UID("sink"), stream.OnError(stream.DeadLetter("other-letters")))
	return job
}

// Dead letters are written once, and skipped records are skipped, whatever happens to the process; nothing else of them remains.
func TestOnErrorCrashes(t *testing.T) {
	var in []Record
	for i, v := range []string{"a", "unread", "u", "unsplit", "b", "unkeyed", "a", "uncounted", "u", "unwritten", "a", "b"} {
		r := Pair(fmt.Sprint("key", i), v)
		r.Headers = []stream.Header{{Key: "own", Value: []byte{byte(i)}}}
		in = append(in, r)
	}
	for name, opts := range map[string][]Option{"exactly-once": {Twice()}, "at-least-once": {AtLeastOnce()}} {
		t.Run(name, func(t *testing.T) {
			v := &verdicts{t: t}
			crashEverywhere(v, picky, On("in", in...), newSettings(opts))
			if len(v.all) > 0 {
				t.Error(v.all[0])
			}
			t.Log(v.summary)
		})
	}
}

// Without a fault: every record is where it belongs.
func TestOnErrorResults(t *testing.T) {
	h := New(t, picky)
	h.Send("in", Values("a", "unread", "unsplit", "unkeyed", "uncounted", "unwritten", "a", "u")...)
	h.Commit()
	texts := func(topic string) (all []string) {
		for _, r := range h.Outputs(topic) {
			text := string(r.Value)
			line := regexp.MustCompile(`:[0-9]+\)`)
			for _, header := range r.Headers {
				if header.Key == stream.HeaderCause || header.Key == stream.HeaderOperator || header.Key == stream.HeaderOffset {
					text += ", " + line.ReplaceAllString(string(header.Value), ")")
				}
			}
			all = append(all, text)
		}
		return all
	}
	for topic, want := range map[string][]string{
		"out": {"half done", "a 1", "half done", "half done", "a 2", "half done", "u 2"},
		"letters": {"unread, unread is not welcome, source, 1", "unkeyed, panic in weirtest.picky.func4 (on_error_test.go): no key for it, by, 3",
			"uncounted, uncounted is not welcome, count, 4"},
		"other-letters": {"unwritten, unwritten is not welcome, sink, 5"},
	} {
		got := texts(topic)
		if topic == "letters" { // of two tasks: which writes first is chance
			slices.Sort(got)
			slices.Sort(want)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", topic, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if counts := State(h, "count", "count", state.String{}, state.Int64{}); fmt.Sprint(counts) != "map[a:2 u:2]" {
		t.Errorf("state %v", counts)
	}
}

// poisoned fails on "poison" behind an exchange, in a timer for "late poison", and once on "shaky".
func poisoned(shaken *bool) *stream.Job {
	job := stream.NewJob("poisoned")
	words := stream.From(job, stream.Topics("in"), stream.Values(state.String{}), stream.UID("source"))
	byWord := stream.KeyBy(words, func(v string) string { return v }, stream.UID("by"))
	out := stream.Process(byWord, func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], _ stream.Timer) error {
			panic("it holds data: " + ctx.Key())
		})
		return func(ctx *stream.Context[string, string], v string) error {
			switch {
			case v == "poison":
				return errors.New("it is poison")
			case v == "late poison":
				return timers.Set(stream.ProcessingTime, ctx.Now().UnixMilli()+1)
			case v == "shaky" && !*shaken:
				*shaken = true
				return errors.New("only once")
			}
			ctx.Emit(v)
			return nil
		}
	}, stream.UID("drink"))
	stream.To(out, "out", stream.AsValue(state.String{}), stream.UID("sink"))
	return job
}

// A record or timer that fails again and again ends the job, which names it and shows nothing of it but a timer's key.
func TestPoisonEndsTheJob(t *testing.T) {
	for value, want := range map[string]operators.Culprit{
		"poison":      {UID: "drink", Topic: "in", Offset: 2},
		"late poison": {UID: "drink", Timer: true, Key: "late poison"},
	} {
		synctest.Test(t, func(t *testing.T) {
			shaken := false
			w, err := newWorld(func() *stream.Job { return poisoned(&shaken) }, newSettings(nil))
			if err != nil {
				t.Fatal(err)
			}
			if err = w.send(On("in", Values("a", "shaky", value, "b")...)); err == nil {
				err = w.settle(true)
			}
			if err == nil { // the timer comes after the commit
				time.Sleep(time.Minute)
				err = w.revive()
			}
			var at *operators.RecordError
			if !errors.As(err, &at) || !strings.Contains(err.Error(), "failed 3 times in the same place (WEIR_RECORD_ATTEMPTS), giving up") {
				t.Fatalf("%s: ends with %v", value, err)
			}
			if want.Timer {
				want.Offset = at.Offset
			}
			if at.Culprit != want || strings.Contains(w.log.String(), "holds data") {
				t.Errorf("%s: ends with %v\n%s", value, err, w.log.String())
			}
			if n := strings.Count(w.log.String(), "epoch failed"); value == "poison" && n != 4 {
				t.Errorf("%s: failed %d times", value, n)
			}
		})
	}
}
