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

// BenchmarkMillionTimers opens a window for each of a million keys, or sets a timer with a state of its own, and fires all of them. One
// goroutine, no Kafka, state in memory. Run it with -benchtime 1x.
func BenchmarkMillionTimers(b *testing.B) {
	const keys = 1_000_000
	type hit struct {
		key string
		at  int64
	}
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprintf("user-%06d", i*7919%keys)
	}
	in := func(job *stream.Job) *stream.Keyed[string, hit] {
		hits := stream.From(job, stream.Topics("in"), func(r *stream.Record) (hit, error) { return hit{names[r.Offset%keys], r.Timestamp}, nil },
			stream.Watermarks(0))
		return stream.KeyBy(hits, func(h hit) string { return h.key })
	}
	window := stream.NewJob("windows")
	agg := stream.Aggregator[hit, int64, int64]{
		Codec: state.Int64{}, New: func() int64 { return 0 },
		Add: func(acc int64, _ hit) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
	}
	stream.To(stream.WindowAggregate(in(window), stream.Tumbling(time.Hour), agg, stream.UID("w")), "out",
		func(stream.Pane[string, int64], *stream.Output) error { return nil })
	process := stream.NewJob("process")
	stream.To(stream.Process(in(process), func(s *stream.Setup) stream.ProcessFunc[string, hit, int64] {
		n := stream.ValueState(s, "n", state.Int64{})
		timers := stream.OnTimer(s, func(ctx *stream.Context[string, int64], _ stream.Timer) error {
			v, _, err := n.Get()
			ctx.Emit(v)
			if err != nil {
				return err
			}
			return n.Clear()
		})
		return func(_ *stream.Context[string, int64], h hit) error {
			if err := n.Set(h.at); err != nil {
				return err
			}
			return timers.Set(stream.EventTime, h.at+3_600_000)
		}
	}, stream.UID("p")), "out", func(int64, *stream.Output) error { return nil })

	for name, job := range map[string]*stream.Job{"windows": window, "process": process} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := streamtest.New(job)
				if err != nil {
					b.Fatal(err)
				}
				feed := func(n int, at func(i int) int64) {
					batch := &txn.Batch{Partition: txn.Partition{Topic: "in"}}
					for i := range n {
						batch.Records = append(batch.Records, txn.Record{Offset: int64(i), Timestamp: at(i)})
						if len(batch.Records) == 1000 || i == n-1 {
							if err := r.Feed(batch); err != nil {
								b.Fatal(err)
							}
							batch.Records = batch.Records[:0]
						}
					}
				}
				start := b.Elapsed()
				feed(keys, func(i int) int64 { return int64(i) })
				set := b.Elapsed()
				feed(1, func(int) int64 { return 10_000_000 })
				fire := b.Elapsed()
				out, err := r.Output()
				if err != nil || len(out) != keys {
					b.Fatal(len(out), err)
				}
				b.ReportMetric(float64(set-start)/keys, "ns/record")
				b.ReportMetric(float64(fire-set)/keys, "ns/firing")
			}
		})
	}
}
