package stream_test

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
	"github.com/weirstream/weir/txn"
)

// Payments that are far above the payer's mean so far.
func ExampleAggregatingState() {
	type total struct{ Sum, N int64 }
	mean := stream.Aggregator[int64, total, float64]{
		Codec: state.JSON[total]{}, New: func() total { return total{} },
		Add:    func(acc total, v int64) total { return total{acc.Sum + v, acc.N + 1} },
		Result: func(acc total) float64 { return float64(acc.Sum) / float64(acc.N) },
	}
	job := stream.NewJob("unusual")
	unusual := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, string] {
		usual := stream.AggregatingState(s, "usual", mean)
		return func(ctx *stream.Context[string, string], p payment) error {
			before, ok, err := usual.Get()
			if err != nil {
				return err
			}
			if ok && float64(p.Amount) > 3*before {
				ctx.Emit(fmt.Sprintf("%s pays %d, usually %.1f", p.Who, p.Amount, before))
			}
			return usual.Add(p.Amount)
		}
	}, stream.UID("unusual"))
	stream.To(unusual, "out", stream.AsValue(state.String{}))
	play(job, "ann 2", "ann 3", "bob 100", "ann 20")
	// Output: ann pays 20, usually 2.5
}

// Three payments within a minute. Older ones leave the list by themselves.
func ExampleListState_ttl() {
	job := stream.NewJob("hasty")
	hasty := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, string] {
		recent := stream.ListState(s, "recent", state.Int64{}, stream.TTL{After: time.Minute})
		return func(ctx *stream.Context[string, string], p payment) error {
			if err := recent.Add(p.Amount); err != nil {
				return err
			}
			all, err := recent.Get()
			if len(all) >= 3 {
				ctx.Emit(fmt.Sprint(p.Who, " ", all))
			}
			return err
		}
	}, stream.UID("hasty"))
	stream.To(hasty, "out", stream.AsValue(state.String{}))

	now := time.Unix(1000, 0)
	r, err := streamtest.New(job)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = r.Advance(now)
	for i := range 5 {
		value := fmt.Appendf(nil, "ann %d", i)
		_ = r.Feed(&txn.Batch{Partition: txn.Partition{Topic: "payments"}, Records: []txn.Record{{Value: value}}})
		now = now.Add(25 * time.Second)
		_ = r.Advance(now)
	}
	out, _ := r.Output()
	for _, rec := range out {
		fmt.Printf("%s\n", rec.Value)
	}
	// Output:
	// ann [0 1 2]
	// ann [1 2 3]
	// ann [2 3 4]
}
