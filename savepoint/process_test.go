package savepoint_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// pairs are records of a bootstrap.
func pairs(words string) iter.Seq2[savepoint.KV[string, int64], error] {
	return func(yield func(savepoint.KV[string, int64], error) bool) {
		for i, w := range strings.Fields(words) {
			if !yield(savepoint.KV[string, int64]{Key: w, Value: int64(i)}, nil) {
				return
			}
		}
	}
}

// remember keeps, in states of several kinds, what a key has got, and sets a timer for each.
func remember(s *stream.Setup) stream.ProcessFunc[string, int64, string] {
	last := stream.ValueState(s, "last", state.Int64{})
	all := stream.ListState(s, "all", state.Int64{})
	sum := stream.ReducingState(s, "sum", state.Int64{}, func(a, b int64) int64 { return a + b })
	timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], _ stream.Timer) error {
		ctx.Emit(ctx.Key())
		return nil
	})
	return func(ctx *stream.Context[string, string], v int64) error {
		if _, err := sum.Add(v); err != nil {
			return err
		}
		if err := all.Add(v); err != nil {
			return err
		}
		if err := last.Set(v); err != nil {
			return err
		}
		ctx.Emit("dropped")
		return timers.Set(stream.EventTime, v)
	}
}

func dump(t *testing.T, url string) (all []string) {
	t.Helper()
	ctx := context.Background()
	sp, err := savepoint.Load(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	for kv, err := range savepoint.ReadLists(ctx, sp, "op", "all", state.String{}, state.Int64{}) {
		if err != nil {
			t.Fatal(err)
		}
		sum, ok, err := savepoint.Get(ctx, sp, "op", "sum", state.String{}, state.Int64{}, kv.Key)
		all = append(all, fmt.Sprint(kv.Key, " ", kv.Value, " ", sum, ok, err))
	}
	for tm, err := range savepoint.ReadTimers(ctx, sp, "op", "timers", state.String{}) {
		all = append(all, fmt.Sprint(tm.Key, " @", tm.At, err))
	}
	slices.Sort(all)
	return all
}

// A process function makes state from nothing, goes on from what a savepoint has, and changes it key by key.
func TestProcessAndTransform(t *testing.T) {
	ctx := context.Background()
	first, second, third := newURL(), newURL(), newURL()
	edit := savepoint.New(8).WithOperator("op", savepoint.Process(state.String{}, pairs("a b a"), remember))
	if _, err := edit.Write(ctx, first, savepoint.Options{Memory: 1}); err != nil {
		t.Fatal(err)
	}
	want := []string{"a @0 <nil>", "a @2 <nil>", "a [0 2] 2 true <nil>", "b @1 <nil>", "b [1] 1 true <nil>"}
	if got := dump(t, first); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}

	sp, err := savepoint.Load(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	edit = sp.Edit().WithOperator("op", savepoint.Process(state.String{}, pairs("c a"), remember))
	if _, err := edit.Write(ctx, second, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	want = []string{"a @0 <nil>", "a @1 <nil>", "a @2 <nil>", "a [0 2 1] 3 true <nil>", "b @1 <nil>", "b [1] 1 true <nil>", "c @0 <nil>", "c [0] 0 true <nil>"}
	if got := dump(t, second); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}

	var keys []string
	edit = sp.Edit().WithOperator("op", savepoint.Transform(state.String{}, func(s *stream.Setup) stream.ProcessFunc[string, struct{}, string] {
		sum := stream.ReducingState(s, "sum", state.Int64{}, func(a, b int64) int64 { return a + b })
		return func(ctx *stream.Context[string, string], _ struct{}) error {
			keys = append(keys, ctx.Key())
			if ctx.Key() == "b" {
				return sum.Clear()
			}
			_, err := sum.Add(40)
			return err
		}
	}))
	if _, err := edit.Write(ctx, third, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	want = []string{"a @0 <nil>", "a @2 <nil>", "a [0 2] 42 true <nil>", "b @1 <nil>", "b [1] 0 false <nil>"}
	if got := dump(t, third); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if slices.Sort(keys); !slices.Equal(keys, []string{"a", "b"}) {
		t.Fatalf("called for %q, want each key once", keys)
	}
}

// Operators of a job make the state that they have there: windows and their timers.
func TestWithJob(t *testing.T) {
	ctx := context.Background()
	type event struct {
		key string
		n   int64
	}
	events := func(yield func(savepoint.Record[event], error) bool) {
		for i, k := range []string{"a", "b", "a"} {
			if !yield(savepoint.Record[event]{Value: event{k, int64(i + 1)}, Timestamp: 1000 + int64(i)}, nil) {
				return
			}
		}
	}
	edit := savepoint.New(8)
	savepoint.WithJob(edit, events, func(s stream.Stream[event]) {
		byKey := stream.KeyBy(s, func(e event) string { return e.key })
		agg := stream.Aggregator[event, int64, int64]{
			Codec: state.Int64{}, New: func() int64 { return 0 },
			Add: func(acc int64, e event) int64 { return acc + e.n }, Result: func(acc int64) int64 { return acc },
		}
		stream.WindowAggregate(byKey, stream.Tumbling(1e9), agg, stream.UID("sums"))
	})
	url := newURL()
	if _, err := edit.Write(ctx, url, savepoint.Options{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"uid":"sums","name":"timers","key":"a","domain":"event","at":1999,"namespace":{"start":1000,"end":2000}}`,
		`{"uid":"sums","name":"timers","key":"b","domain":"event","at":1999,"namespace":{"start":1000,"end":2000}}`,
		`{"uid":"sums","name":"windows","key":"a","mapKey":{"start":1000,"end":2000},"value":4}`,
		`{"uid":"sums","name":"windows","key":"b","mapKey":{"start":1000,"end":2000},"value":2}`,
	}
	if got := lines(t, url); !slices.Equal(got, want) {
		t.Fatalf("got\n%s", strings.Join(got, "\n"))
	}
}
