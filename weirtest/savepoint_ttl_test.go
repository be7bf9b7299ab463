package weirtest

import (
	"fmt"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// remembering keeps what words had before, in a state of each kind, for an hour of event time. Values of records are seconds.
func remembering() *stream.Job {
	job := stream.NewJob("remembering")
	in := stream.From(job, stream.Topics("in"), stream.Pairs(state.String{}, state.String{}), stream.UID("source"),
		stream.TimestampOf(func(kv stream.KV[string, string]) int64 { n, _ := strconv.ParseInt(kv.Value, 10, 64); return 1000 * n }), stream.Watermarks(time.Second))
	byKey := stream.KeyBy(in, func(kv stream.KV[string, string]) string { return kv.Key }, stream.UID("by_key"))
	out := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, stream.KV[string, string], string] {
		fn := remember(s)
		return func(ctx *stream.Context[string, string], kv stream.KV[string, string]) error {
			return fn(ctx.Key()+" at "+kv.Value+": ", kv.Value, ctx.Emit)
		}
	}, stream.UID("p"))
	stream.To(out, "out", stream.AsValue(state.String{}), stream.UID("sink"))
	return job
}

func remember(s *stream.Setup) func(label, next string, emit func(string)) error {
	ttl := stream.TTL{After: time.Hour, Domain: state.EventTime}
	v := stream.ValueState(s, "v", state.String{}, ttl)
	l := stream.ListState(s, "l", state.String{}, ttl)
	m := stream.MapState(s, "m", state.String{}, state.String{}, ttl)
	return func(label, next string, emit func(string)) error {
		was, _, err := v.Get()
		if err != nil {
			return err
		}
		all, err := l.Get()
		if err != nil {
			return err
		}
		of, _, err := m.Get("k")
		if err != nil {
			return err
		}
		emit(fmt.Sprint(label, was, all, of))
		if was != "" {
			return nil // so that the life of what was there is seen to end
		}
		if err := v.Set(next); err != nil {
			return err
		}
		if err := m.Put("k", next); err != nil {
			return err
		}
		return l.Add(next)
	}
}

func last(h *Harness, n int) (got []string) {
	all := h.Outputs("out")
	for _, r := range all[len(all)-n:] {
		got = append(got, string(r.Value))
	}
	return got
}

// What Process and Transform make of state with a TTL in event time lives from when the job first meets it: there was no time when it was made.
func TestBootstrapWithEventTimeTTL(t *testing.T) {
	var made iter.Seq2[savepoint.KV[string, string], error] = func(yield func(savepoint.KV[string, string], error) bool) {
		_ = yield(savepoint.KV[string, string]{Key: "a", Value: "7"}, nil) && yield(savepoint.KV[string, string]{Key: "b", Value: "8"}, nil)
	}
	open := func(s *stream.Setup) stream.ProcessFunc[string, string, string] {
		fn := remember(s)
		return func(_ *stream.Context[string, string], next string) error { return fn("", next, func(string) {}) }
	}
	url := "file://" + t.TempDir() + "/made"
	if _, err := savepoint.New(128).WithOperator("p", savepoint.Process(state.String{}, made, open)).Write(t.Context(), url, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	h := New(t, remembering, StartFrom(url))
	h.Send("in", Pair("z", "1700000000"))
	h.Commit()
	h.Send("in", Pair("a", "1700000005"), Pair("b", "1700000005"))
	h.Commit()
	if got := fmt.Sprint(last(h, 2)); got != "[a at 1700000005: 7[7]7 b at 1700000005: 8[8]8]" {
		t.Error(got)
	}
	h.Send("in", Pair("z", "1700003700"))
	h.Commit()
	h.Send("in", Pair("a", "1700003700"))
	h.Commit()
	if got := fmt.Sprint(last(h, 1)); got != "[a at 1700003700: []]" {
		t.Error("it has not expired since:", got)
	}
}

// A list to which Transform adds keeps the times of the elements that it had, and the new ones begin when they are first met.
func TestTransformOfListWithEventTimeTTL(t *testing.T) {
	dir := "file://" + t.TempDir()
	h := New(t, remembering)
	h.Send("in", Pair("a", "1700000000"))
	h.Commit()
	h.Savepoint(dir + "/taken")
	sp, err := savepoint.Load(t.Context(), dir+"/taken")
	if err != nil {
		t.Fatal(err)
	}
	edit := sp.Edit().WithOperator("p", savepoint.Transform(state.String{}, func(s *stream.Setup) stream.ProcessFunc[string, struct{}, struct{}] {
		l := stream.ListState(s, "l", state.String{}, stream.TTL{After: time.Hour, Domain: state.EventTime})
		return func(*stream.Context[string, struct{}], struct{}) error { return l.Add("new") }
	}))
	if _, err := edit.Write(t.Context(), dir+"/changed", savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	h = New(t, remembering, StartFrom(dir+"/changed"))
	h.Send("in", Pair("a", "1700001800"))
	h.Commit()
	h.Send("in", Pair("z", "1700003603"))
	h.Commit()
	h.Send("in", Pair("a", "1700003603"))
	h.Commit()
	if got := fmt.Sprint(last(h, 3)); got != "[a at 1700001800: 1700000000[1700000000 new]1700000000 z at 1700003603: [] a at 1700003603: [new]]" {
		t.Error(got)
	}
}
