package runtime_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// guarded lets every word meet all rules, and counts its key.
func guarded() *stream.Job {
	job := stream.NewJob("join")
	text := state.String{}
	rules := stream.Broadcast(stream.From(job, stream.Topics("rules"), stream.Changes(text, text)), stream.UID("to_all"),
		stream.Through[stream.Change[string, string]](stream.ChangeCodec[string, string]{Key: text, Value: text}))
	words := stream.KeyBy(stream.From(job, stream.Topics("words"), stream.Values(text)), func(w string) string { return w }, stream.UID("by_word"))
	out := stream.ProcessBroadcast(words, rules, func(s *stream.Setup) (stream.ProcessFunc[string, string, string], stream.BroadcastFunc[stream.Change[string, string]]) {
		known := stream.BroadcastState(s, "rules", text, text)
		count := stream.ValueState(s, "count", state.Int64{})
		word := func(ctx *stream.Context[string, string], w string) error {
			var all []string
			known.Range(func(k, v string) bool {
				all = append(all, k+v)
				return true
			})
			n, _, err := count.Get()
			if err != nil {
				return err
			}
			ctx.Emit(fmt.Sprint(w, " ", n+1, " ", all))
			return count.Set(n + 1)
		}
		return word, func(ctx *stream.BroadcastContext, c stream.Change[string, string]) error {
			if c.Deleted {
				return known.Delete(ctx, c.Key)
			}
			return known.Put(ctx, c.Key, c.Value)
		}
	}, stream.UID("guard"))
	stream.To(out, "out", stream.AsValue(text))
	return job
}

// Rules that were committed are there for every key after a crash, under any parallelism and from the checkpoint store alone; what was
// changed after the last commit comes again.
func TestBroadcastStateSurvives(t *testing.T) {
	t.Run("memory", func(t *testing.T) { broadcastSurvives(t, false) })
	t.Run("kafka", func(t *testing.T) { broadcastSurvives(t, true) })
}

func broadcastSurvives(t *testing.T, kafka bool) {
	p := newInProcess(t, guarded, "rules", "words")
	p.kafka = kafka
	rules := []string{"rules"}
	if kafka {
		rules = append(rules, "join-to_all-repartition")
	}
	write := func(records ...txn.Record) {
		t.Helper()
		if err := p.c.Append(records...); err != nil {
			t.Fatal(err)
		}
	}
	rule := func(k, v string) txn.Record {
		r := txn.Record{Topic: "rules", Partition: int32(k[0]) % inputPartitions, Key: []byte(k)}
		if v != "" {
			r.Value = []byte(v)
		}
		return r
	}
	var want []string
	words := func(parallelism, round int, known string) {
		t.Helper()
		for i := range 100 {
			w := fmt.Sprint("w", i)
			write(txn.Record{Topic: "words", Partition: int32(i % inputPartitions), Value: []byte(w)})
			want = append(want, fmt.Sprint(w, " ", round, " ", known))
		}
		p.live(parallelism, func() bool { return len(p.values()) >= len(want) && p.consumed("words", "rules")() })
	}
	write(rule("a", "1"), rule("b", "1"), rule("c", "1"))
	p.live(2, p.consumed(rules...))
	words(7, 1, "[a1 b1 c1]")
	rest := []txn.Record{rule("b", "2"), rule("c", "")}
	p.die(3, func() {
		if len(rest) > 0 {
			write(rest[0])
			rest = rest[1:]
		}
		for range inputPartitions {
			write(rule("d", "3")) // there has to be something to commit
		}
	})
	p.live(1, p.consumed(rules...))
	words(1, 2, "[a1 b2 d3]")
	words(2, 3, "[a1 b2 d3]")
	slices.Sort(want)
	if got := p.values(); !slices.Equal(got, want) {
		t.Fatalf("%d outputs, want %d; %s", len(got), len(want), firstDifference(got, want))
	}
}
