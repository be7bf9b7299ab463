// Dedup lets every transfer pass once: a sender that is not sure whether a transfer has arrived sends it again, with the same id.
//
//	transfers ── by id ── Process (state "seen", for an hour) ── unique-transfers
//	    └── malformed-transfers
//
// An id is remembered for an hour and then forgotten, in the background, so that state does not grow for ever. What comes again later than that
// passes again: choose a time that is longer than any sender goes on trying. A transfer without an id can't be told from others, so it goes to
// malformed-transfers instead.
//
// Make the topics transfers, unique-transfers and malformed-transfers, then
//
//	WEIR_BROKERS=localhost:9092 go run ./examples/dedup run
//
//	transfers          {"id":"t1","account":"ann","cents":500}
//	transfers          {"id":"t1","account":"ann","cents":500}
//	unique-transfers   ann: {"id":"t1","account":"ann","cents":500}
package main

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

func main() { weir.Main(newJob()) }

// Transfer is a record of both topics.
type Transfer struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Cents   int64  `json:"cents"`
}

// remember is how long an id is known after the first transfer that had it.
const remember = time.Hour

func newJob() *stream.Job {
	job := stream.NewJob("dedup")
	transfers := stream.From(job, stream.Topics("transfers"), readTransfer,
		stream.UID("transfers"), stream.OnError(stream.DeadLetter("malformed-transfers")))

	// Transfers with the same id meet in one task, whatever partitions they come from. Through says how they get there if that is in another
	// process (WEIR_EXCHANGE=kafka).
	byID := stream.KeyBy(transfers, func(t Transfer) string { return t.ID },
		stream.UID("by-id"), stream.Through(state.JSON[Transfer]{}))

	unique := stream.Process(byID, firstOnly, stream.UID("first-only"))
	stream.To(unique, "unique-transfers", writeTransfer, stream.UID("unique-transfers"))
	return job
}

func readTransfer(r *stream.Record) (t Transfer, err error) {
	if err := json.Unmarshal(r.Value, &t); err != nil {
		return t, err
	}
	if t.ID == "" {
		return t, errors.New("a transfer needs an id")
	}
	return t, nil
}

// firstOnly is called when a task begins, and the function that it returns for every transfer. The state is that of the transfer's
// id: each id has one of its own, and it is committed together with what was emitted.
func firstOnly(s *stream.Setup) stream.ProcessFunc[string, Transfer, Transfer] {
	seen := stream.ValueState(s, "seen", state.Int64{}, stream.TTL{After: remember})
	return func(ctx *stream.Context[string, Transfer], t Transfer) error {
		_, again, err := seen.Get()
		if err != nil || again {
			return err
		}
		ctx.Emit(t)
		return seen.Set(ctx.Timestamp())
	}
}

// writeTransfer keys transfers by account, so that those of an account are in one partition.
func writeTransfer(t Transfer, out *stream.Output) (err error) {
	out.Key = []byte(t.Account)
	out.Value, err = json.Marshal(t)
	return err
}
