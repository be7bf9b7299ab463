package weirtest_test

import (
	"fmt"
	"testing"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/weirtest"
)

// priced looks up each order's price in a table.
func priced(opts ...stream.Option) func() *stream.Job {
	return func() *stream.Job {
		job := stream.NewJob("priced")
		orders := stream.From(job, stream.Topics("orders"), stream.Values(state.String{}), stream.UID("orders"))
		byItem := stream.KeyBy(orders, func(o string) string { return o }, stream.UID("by_item"))
		prices := stream.Table(job, stream.Topics("prices"), state.String{}, state.String{}, append([]stream.Option{stream.UID("prices")}, opts...)...)
		rows := stream.JoinTable(byItem, prices, state.String{}, stream.LeftJoin(func(item string, price *string) string {
			if price == nil {
				return item + " ?"
			}
			return item + " " + *price
		}), stream.UID("look_up"))
		stream.To(rows, "rows", stream.AsValue(state.String{}))
		return job
	}
}

// However the records lie in time and whatever is read faster: no order is looked up before the table is there.
func TestReadFirst(t *testing.T) {
	h := weirtest.New(t, priced(stream.ReadFirst()), weirtest.Partitions(2))
	const items = 3000
	for i := range items {
		r := weirtest.Value(fmt.Sprintf("i%d", i))
		r.Partition = int32(i % 2)
		h.Send("orders", r)
	}
	for i := range items {
		h.Send("prices", weirtest.Record{Key: fmt.Appendf(nil, "i%d", i), Value: fmt.Append(nil, i), Partition: int32(i % 2)})
	}
	h.Crash(weirtest.Lost) // so that a process starts with all of it in the topics
	h.Commit()
	rows := h.Outputs("rows")
	if len(rows) != items {
		t.Fatalf("%d rows, want %d", len(rows), items)
	}
	for _, r := range rows {
		var item, price int
		if n, err := fmt.Sscanf(string(r.Value), "i%d %d", &item, &price); n != 2 || err != nil || item != price {
			t.Fatalf("got %q", r.Value)
		}
	}
	h.Send("orders", weirtest.Value("i7"), weirtest.Value("none"))
	h.Commit() // nothing waits for the table any more
	if rows := h.Outputs("rows"); len(rows) != items+2 {
		t.Fatalf("%d rows, want %d", len(rows), items+2)
	}
}

// Nothing in the table is nothing to wait for.
func TestReadFirstOfNothing(t *testing.T) {
	h := weirtest.New(t, priced(stream.ReadFirst()))
	h.Send("orders", weirtest.Value("a"))
	h.Commit()
	if rows := h.Outputs("rows"); len(rows) != 1 || string(rows[0].Value) != "a ?" {
		t.Fatalf("got %v", rows)
	}
}

func TestCrashReadFirst(t *testing.T) {
	prices := weirtest.On("prices", weirtest.Record{Key: []byte("a"), Value: []byte("1")}, weirtest.Record{Key: []byte("b"), Value: []byte("2")})
	orders := weirtest.On("orders", weirtest.Values("a", "b", "c", "a", "b", "a")...)
	weirtest.CrashEverywhere(t, priced(stream.ReadFirst()), append(prices, orders...))
}
