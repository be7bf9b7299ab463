package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weirstream/weir/txn"
)

// written is a producer that notes the values that it gets.
type written struct {
	txn.Producer
	values []string
}

func (w *written) Produce(_ context.Context, records []txn.Record) error {
	for _, r := range records {
		w.values = append(w.values, string(r.Value))
	}
	return nil
}

// aheadTasks are n tasks that have run ahead into epoch 2.
func aheadTasks(t *testing.T, n int) (*attempt, *written, []*task) {
	t.Helper()
	w := &written{}
	a := &attempt{in: lab(t, memStore(t), 1), gate: newGate(), ctx: t.Context(), producer: w}
	a.gate.open(1)
	var tasks []*task
	for range n {
		tasks = append(tasks, &task{attempt: a, epoch: 2})
	}
	return a, w, tasks
}

func outputsOf(values ...string) (records []txn.Record) {
	for _, v := range values {
		records = append(records, txn.Record{Topic: "t", Value: []byte(v)})
	}
	return records
}

// What was produced before the epoch is open is written when it is, in order, and before what comes then.
func TestOutputsAheadKeepTheirOrder(t *testing.T) {
	a, w, tasks := aheadTasks(t, 1)
	one := tasks[0]
	lent := outputsOf("a", "b")
	for _, records := range [][]txn.Record{lent, outputsOf("c")} {
		if err := one.produce(records); err != nil {
			t.Fatal(err)
		}
		clear(records) // the slice is the caller's again
	}
	if len(w.values) > 0 {
		t.Fatalf("%v written before the epoch is open", w.values)
	}
	a.gate.open(2)
	if err := one.produce(outputsOf("d")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.values); got != "[a b c d]" {
		t.Errorf("written: %v", got)
	}
	if a.ahead.Load() != 0 {
		t.Errorf("%d bytes are still booked", a.ahead.Load())
	}
}

// A task that pauses, or lets a barrier pass, hands over what it has kept; twice does nothing.
func TestOutputsAheadAreHandedOver(t *testing.T) {
	a, w, tasks := aheadTasks(t, 1)
	if err := tasks[0].produce(outputsOf("a")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- tasks[0].handOver() }()
	a.gate.open(2)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := tasks[0].handOver(); err != nil {
		t.Fatal(err)
	}
	if len(w.values) != 1 {
		t.Errorf("written: %v", w.values)
	}
}

// All tasks together keep no more than the bound: who comes over it waits at the gate, and an abort sends it away.
func TestOutputsAheadAreBounded(t *testing.T) {
	a, w, tasks := aheadTasks(t, 2)
	big := func() []txn.Record { return []txn.Record{{Topic: "t", Value: make([]byte, aheadBytes/2)}} }
	if err := tasks[0].produce(big()); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- tasks[1].produce(big()) }()
	a.gate.close()
	if err := <-done; !errors.Is(err, errHalted) {
		t.Errorf("over the bound: %v", err)
	}
	if got := a.ahead.Load(); got < aheadBytes/2 || got > aheadBytes {
		t.Errorf("%d bytes are booked", got)
	}
	if len(w.values) > 0 {
		t.Errorf("written: %v", w.values)
	}
}
