package stream_test

import (
	"errors"
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/stream/streamtest"
)

// A payment that would overdraw an account goes to the dead letters. Its function has changed the account by then; nothing of that remains.
func ExampleOnError_aggregate() {
	type account struct {
		Balance int64
		Booked  []int64
	}
	book := stream.Aggregator[payment, *account, int64]{
		Codec: state.JSON[*account]{}, New: func() *account { return &account{} },
		Add: func(acc *account, p payment) *account {
			acc.Balance += p.Amount
			if acc.Booked = append(acc.Booked, p.Amount); acc.Balance < 0 {
				panic(errors.New("the account is overdrawn"))
			}
			return acc
		},
		Result: func(acc *account) int64 { return acc.Balance },
	}
	job := stream.NewJob("accounts")
	balances := stream.Aggregate(byPayer(job), book, stream.UID("book"), stream.OnError(stream.DeadLetter("refused")))
	stream.To(balances, "balances", func(kv stream.KV[string, int64], out *stream.Output) error {
		out.Value = fmt.Append(out.Buf(), kv.Key, " has ", kv.Value)
		return nil
	})
	out, err := streamtest.Run(job, "ann 5", "ann -7", "bob -1", "ann -2")
	for _, r := range out {
		fmt.Printf("%s: %s\n", r.Topic, r.Value)
	}
	fmt.Println(err)
	// Output:
	// balances: ann has 5
	// refused: ann -7
	// refused: bob -1
	// balances: ann has 3
	// <nil>
}
