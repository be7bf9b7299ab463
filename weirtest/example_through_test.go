package weirtest_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// order is a type of the job's own.
type order struct {
	Customer string
	Cents    int64
}

// orderCodec is how an order is written in a repartition topic: its cents, then who pays them.
type orderCodec struct{}

func (orderCodec) Name() string { return "order" }

func (orderCodec) Append(dst []byte, o order) ([]byte, error) {
	return append(binary.AppendVarint(dst, o.Cents), o.Customer...), nil
}

func (orderCodec) Decode(src []byte) (order, error) {
	cents, n := binary.Varint(src)
	if n <= 0 {
		return order{}, fmt.Errorf("order of %d bytes has no cents", len(src))
	}
	return order{string(src[n:]), cents}, nil
}

// spending sums up what each customer has spent.
func spending() *stream.Job {
	job := stream.NewJob("spending")
	orders := stream.From(job, stream.Topics("orders"), func(r *stream.Record) (o order, err error) {
		o.Customer = string(r.Key)
		_, err = fmt.Sscan(string(r.Value), &o.Cents)
		return o, err
	}, stream.UID("orders"))
	// Other instances get these records through a topic: Through says how they are written there.
	byCustomer := stream.KeyBy(orders, func(o order) string { return o.Customer }, stream.UID("by_customer"), stream.Through(orderCodec{}))
	sums := stream.Sum(byCustomer, func(o order) int64 { return o.Cents }, stream.UID("spent"))
	stream.To(sums, "spent", func(s stream.KV[string, int64], out *stream.Output) error {
		out.Key, out.Value = []byte(s.Key), fmt.Append(nil, s.Value)
		return nil
	})
	return job
}

// The job runs with WEIR_EXCHANGE=kafka: its state is in three shards.
func ExampleThroughKafka() {
	test(func(t *testing.T) {
		h := weirtest.New(t, spending, weirtest.ThroughKafka(3))
		h.Send("orders", weirtest.Pair("ann", "250"), weirtest.Pair("bob", "100"), weirtest.Pair("ann", "50"))
		h.Commit()
		h.Crash(weirtest.Lost)
		h.Send("orders", weirtest.Pair("bob", "1"))
		h.Commit()
		fmt.Println(weirtest.State(h, "spent", "sum", state.String{}, state.Int64{}))
	})
	// Output: map[ann:300 bob:101]
}
