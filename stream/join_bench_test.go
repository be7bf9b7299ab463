package stream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// BenchmarkJoins is the cost of a record, decoding and exchange included: 1,000 keys, two sides in turn. Nothing is committed, so that
// what windows and intervals have removed is still looked through: more than a job would have with a commit now and then.
func BenchmarkJoins(b *testing.B) {
	type side = *stream.Keyed[string, string]
	text := state.String{}
	glue := func(l, r string) string { return l }
	for name, join := range map[string]func(left, right side) stream.Stream[string]{
		"interval": func(left, right side) stream.Stream[string] {
			return stream.IntervalJoin(left, right, -time.Second, time.Second, text, text, glue, stream.UID("join"))
		},
		"window": func(left, right side) stream.Stream[string] {
			w := stream.WindowJoin(left, right, stream.Tumbling(2*time.Second), text, text, stream.InnerJoin(glue), stream.UID("join"))
			return stream.Map(w, func(p stream.Pane[string, string]) string { return p.Value })
		},
		"table": func(left, right side) stream.Stream[string] {
			rows := stream.AsTable(right, func(v string) (string, bool) { return v, true })
			return stream.JoinTable(left, rows, text, stream.InnerJoin(glue), stream.UID("join"))
		},
		"broadcast": func(left, right side) stream.Stream[string] {
			return stream.ProcessBroadcast(left, stream.Broadcast[string](right), func(s *stream.Setup) (stream.ProcessFunc[string, string, string], stream.BroadcastFunc[string]) {
				rules := stream.BroadcastState(s, "rules", text, state.Bool{})
				return func(ctx *stream.Context[string, string], v string) error {
						_, _, err := rules.Get("rule 7")
						ctx.Emit(v)
						return err
					}, func(ctx *stream.BroadcastContext, v string) error {
						return rules.Put(ctx, "rule "+v[len(v)-1:], true)
					}
			}, stream.UID("join"))
		},
	} {
		b.Run(name, func(b *testing.B) {
			job := stream.NewJob("bench")
			var sides []side
			for _, topic := range []string{"left", "right"} {
				in := stream.From(job, stream.Topics(topic), stream.Values(text), stream.Watermarks(0))
				sides = append(sides, stream.KeyBy(in, func(v string) string { return v }))
			}
			stream.To(join(sides[0], sides[1]), "out", stream.AsValue(text))
			r, err := streamtest.New(job)
			if err != nil {
				b.Fatal(err)
			}
			const batch = 500
			at := int64(0)
			b.ResetTimer()
			for n := 0; n < b.N; {
				for _, topic := range []string{"left", "right"} {
					records := make([]txn.Record, batch)
					for i := range records {
						records[i] = txn.Record{Value: fmt.Append(nil, "key ", (at+int64(i)*7)%1000), Timestamp: at + int64(i)}
					}
					if err := r.Feed(&txn.Batch{Partition: txn.Partition{Topic: topic}, Records: records}); err != nil {
						b.Fatal(err)
					}
					n += batch
				}
				at += batch
				if _, err := r.Output(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
