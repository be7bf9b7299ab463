package stream_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// judged lets every click meet all rules, which are words, and counts the clicks of its key; a timer, five later, meets them again. What tasks
// see of rules goes to a side output.
func judged(read func(r *stream.Record) (click, error)) *stream.Job {
	job := stream.NewJob("judged")
	rules := stream.Broadcast(stream.From(job, stream.Topics("rules"), stream.Changes(state.String{}, state.Int64{}), stream.Watermarks(0)))
	clicks := stream.From(job, stream.Topics("clicks"), read, stream.Watermarks(0), stream.TimestampOf(func(c click) int64 { return c.At }))
	seen := stream.NewTag[string]("seen")
	byKey := stream.KeyBy(clicks, func(c click) string { return c.Key })
	out := stream.ProcessBroadcast(byKey, rules, func(s *stream.Setup) (stream.ProcessFunc[string, click, string], stream.BroadcastFunc[stream.Change[string, int64]]) {
		known := stream.BroadcastState(s, "rules", state.String{}, state.Int64{})
		count := stream.ValueState(s, "count", state.Int64{})
		side := stream.SideOutput(s, seen)
		meet := func(ctx *stream.Context[string, string], what string) {
			var all []string
			known.Range(func(word string, n int64) bool {
				all = append(all, fmt.Sprint(word, n))
				return true
			})
			ctx.Emit(fmt.Sprint(ctx.Key(), " ", what, " ", all))
		}
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, string], timer stream.Timer) error {
			meet(ctx, fmt.Sprint("timer ", timer.At))
			return nil
		})
		return func(ctx *stream.Context[string, string], c click) error {
				n, _, err := count.Get()
				if err != nil {
					return err
				}
				meet(ctx, fmt.Sprint("click ", n))
				if err := count.Set(n + 1); err != nil {
					return err
				}
				return timers.Set(stream.EventTime, c.At+5)
			}, func(ctx *stream.BroadcastContext, c stream.Change[string, int64]) error {
				if _, _, err := count.Get(); err == nil {
					return fmt.Errorf("a broadcast record has a key")
				}
				side.Emit(c.Key)
				if c.Deleted {
					return known.Delete(ctx, c.Key)
				}
				return known.Put(ctx, c.Key, c.Value)
			}
	}, stream.UID("judge"))
	stream.To(out, "out", stream.AsValue(state.String{}))
	stream.To(stream.Side(out, seen), "seen", stream.AsValue(state.String{}))
	return job
}

// All tasks have all rules, whenever they change, for records and for timers.
func TestBroadcastEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var clicks []click
		r, err := streamtest.New(judged(func(r *stream.Record) (click, error) { return clicks[r.Offset], nil }))
		if err != nil {
			t.Fatal(err)
		}
		r.Parallelism = rapid.IntRange(1, 4).Draw(t, "parallelism")
		rules, counts, timers := map[string]int64{}, map[string]int{}, map[string]map[int64]bool{}
		reached := map[string]int64{}
		wm := int64(-1 << 62)
		var want []string
		meet := func(key, what string) {
			all := []string{}
			for _, word := range []string{"a", "b", "c"} {
				if n, ok := rules[word]; ok {
					all = append(all, fmt.Sprint(word, n))
				}
			}
			want = append(want, fmt.Sprint(key, " ", what, " ", all))
		}
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			at := int64(i) + rapid.Int64Range(0, 4).Draw(t, "at")
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			topic, rec := "clicks", txn.Record{Key: []byte(key), Timestamp: at, Offset: int64(len(clicks))}
			if rapid.Bool().Draw(t, "rule") {
				topic = "rules"
				delete(rules, key)
				if rapid.Bool().Draw(t, "put") {
					rules[key] = at
					rec.Value, _ = state.Int64{}.Append(nil, at)
				}
				for range r.Parallelism {
					want = append(want, key)
				}
			} else {
				clicks = append(clicks, click{Key: key, At: at})
				meet(key, fmt.Sprint("click ", counts[key]))
				counts[key]++
				if timers[key] == nil {
					timers[key] = map[int64]bool{}
				}
				timers[key][at+5] = true
			}
			if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: topic}, Records: []txn.Record{rec}}); err != nil {
				t.Fatal(err)
			}
			if before, ok := reached[topic]; !ok || at-1 > before {
				reached[topic] = at - 1
			}
			least := int64(1 << 62)
			for _, at := range reached {
				least = min(least, at)
			}
			wm = max(wm, least)
			for key, set := range timers {
				for due := range set {
					if due <= wm {
						meet(key, fmt.Sprint("timer ", due))
						delete(set, due)
					}
				}
			}
			records, err := r.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, rec := range records {
				got = append(got, string(rec.Value))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
			want = nil
		}
	})
}
