package stream_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// payment is read from "who amount".
type payment struct {
	Who    string
	Amount int64
}

func payments(job *stream.Job) stream.Stream[payment] {
	return stream.From(job, stream.Topics("payments"), func(r *stream.Record) (payment, error) {
		who, amount, _ := strings.Cut(string(r.Value), " ")
		n, err := strconv.ParseInt(amount, 10, 64)
		return payment{who, n}, err
	})
}

func byPayer(job *stream.Job) *stream.Keyed[string, payment] {
	return stream.KeyBy(payments(job), func(p payment) string { return p.Who })
}

func writePayment(p payment, out *stream.Output) error {
	out.Value = fmt.Appendf(out.Buf(), "%s %d", p.Who, p.Amount)
	return nil
}

func ExampleKeyBy() {
	job := stream.NewJob("repartition")
	// Records of a payer stay in order, whatever the parallelism; a sink may follow directly.
	stream.To(byPayer(job), "by-payer", writePayment)
	play(job, "ann 1", "bob 2", "ann 3")
	// Output:
	// ann 1
	// bob 2
	// ann 3
}

func ExampleKeyByCodec() {
	job := stream.NewJob("by-amount")
	byAmount := stream.KeyByCodec(payments(job), func(p payment) int64 { return p.Amount }, state.Int64{})
	counts := stream.Count(byAmount, stream.UID("amounts"))
	stream.To(counts, "out", func(c stream.KV[int64, int64], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%d × %d", c.Value, c.Key)
		return nil
	})
	play(job, "ann 5", "bob 5", "ann 3")
	// Output:
	// 1 × 5
	// 2 × 5
	// 1 × 3
}

func ExampleReduce() {
	job := stream.NewJob("largest")
	largest := stream.Reduce(byPayer(job), state.JSON[payment]{}, func(acc, p payment) payment {
		if p.Amount > acc.Amount {
			return p
		}
		return acc
	}, stream.UID("largest"))
	stream.To(largest, "out", writePayment)
	play(job, "ann 1", "ann 7", "bob 2", "ann 3")
	// Output:
	// ann 1
	// ann 7
	// bob 2
	// ann 7
}

func ExampleSum() {
	job := stream.NewJob("totals")
	totals := stream.Sum(byPayer(job), func(p payment) int64 { return p.Amount }, stream.UID("totals"))
	// The result is keyed by the payer still: the next operator with state needs no KeyBy.
	updates := stream.Count(totals, stream.UID("updates"))
	stream.To(totals, "totals", func(s stream.KV[string, int64], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s paid %d", s.Key, s.Value)
		return nil
	})
	stream.To(updates, "updates", func(c stream.KV[string, int64], out *stream.Output) error {
		out.Value = fmt.Appendf(out.Buf(), "%s, update %d", c.Key, c.Value)
		return nil
	})
	play(job, "ann 1", "ann 2")
	// Output:
	// ann, update 1
	// ann paid 1
	// ann, update 2
	// ann paid 3
}

func ExampleCount() {
	job := stream.NewJob("payments-per-payer")
	stream.To(stream.Count(byPayer(job), stream.UID("count")), "out", stream.AsPair(state.String{}, decimal{}))
	play(job, "ann 1", "bob 2", "ann 3")
	// Output:
	// ann: 1
	// bob: 1
	// ann: 2
}

// decimal is a codec of one's own.
type decimal struct{}

func (decimal) Name() string                               { return "decimal" }
func (decimal) Append(dst []byte, v int64) ([]byte, error) { return strconv.AppendInt(dst, v, 10), nil }
func (decimal) Decode(b []byte) (int64, error)             { return strconv.ParseInt(string(b), 10, 64) }

// Alerts on a payment that is more than twice the payer's one before.
func ExampleProcess() {
	job := stream.NewJob("jumps")
	alerts := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, string] {
		last := stream.ValueState(s, "last", state.Int64{})
		return func(ctx *stream.Context[string, string], p payment) error {
			before, ok, err := last.Get()
			if err != nil {
				return err
			}
			if ok && p.Amount > 2*before {
				ctx.Emit(fmt.Sprintf("%s: %d after %d", ctx.Key(), p.Amount, before))
			}
			return last.Set(p.Amount)
		}
	}, stream.UID("jumps"))
	stream.To(alerts, "alerts", stream.AsValue(state.String{}))
	play(job, "ann 10", "bob 1", "ann 15", "bob 3", "ann 31")
	// Output:
	// bob: 3 after 1
	// ann: 31 after 15
}

func ExampleMapState() {
	job := stream.NewJob("deduplicate")
	fresh := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, payment] {
		seen := stream.MapState(s, "seen", state.Int64{}, state.Bool{})
		return func(ctx *stream.Context[string, payment], p payment) error {
			if _, ok, err := seen.Get(p.Amount); ok || err != nil {
				return err
			}
			ctx.Emit(p)
			return seen.Put(p.Amount, true)
		}
	}, stream.UID("deduplicate"))
	stream.To(fresh, "out", writePayment)
	play(job, "ann 1", "ann 1", "bob 1", "ann 2", "ann 1")
	// Output:
	// ann 1
	// bob 1
	// ann 2
}

// Pays out in threes.
func ExampleListState() {
	job := stream.NewJob("batches")
	batches := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, string] {
		open := stream.ListState(s, "open", state.Int64{})
		return func(ctx *stream.Context[string, string], p payment) error {
			if err := open.Add(p.Amount); err != nil {
				return err
			}
			amounts, err := open.Get()
			if err != nil || len(amounts) < 3 {
				return err
			}
			ctx.Emit(fmt.Sprint(ctx.Key(), " ", amounts))
			return open.Clear()
		}
	}, stream.UID("batches"))
	stream.To(batches, "out", stream.AsValue(state.String{}))
	play(job, "ann 1", "ann 2", "bob 9", "ann 3", "ann 4")
	// Output: ann [1 2 3]
}

// One operator can have several states.
func ExampleReducingState() {
	job := stream.NewJob("records")
	records := stream.Process(byPayer(job), func(s *stream.Setup) stream.ProcessFunc[string, payment, string] {
		largest := stream.ReducingState(s, "largest", state.Int64{}, func(acc, v int64) int64 { return max(acc, v) })
		broken := stream.ValueState(s, "broken", state.Int64{})
		return func(ctx *stream.Context[string, string], p payment) error {
			if top, err := largest.Add(p.Amount); err != nil || top > p.Amount {
				return err
			}
			n, _, err := broken.Get()
			if err != nil {
				return err
			}
			ctx.Emit(fmt.Sprintf("%s's record number %d: %d", ctx.Key(), n+1, p.Amount))
			return broken.Set(n + 1)
		}
	}, stream.UID("records"))
	stream.To(records, "out", stream.AsValue(state.String{}))
	play(job, "ann 1", "ann 7", "ann 3", "ann 8")
	// Output:
	// ann's record number 1: 1
	// ann's record number 2: 7
	// ann's record number 3: 8
}
