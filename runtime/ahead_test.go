package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// written is a producer that notes the keys that it gets.
type written struct {
	txn.Producer
	keys []string
}

func (w *written) Produce(_ context.Context, records []txn.Record) error {
	for _, r := range records {
		w.keys = append(w.keys, string(r.Key))
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

func outputsOf(keys ...string) (records []txn.Record) {
	for _, key := range keys {
		records = append(records, txn.Record{Topic: "t", Key: []byte(key)})
	}
	return records
}

// What was produced before the epoch is open is kept, as much as there is room for, and written when it is, in order and before what comes then; a full load
// goes to the producer at once.
func TestOutputsAheadKeepTheirOrder(t *testing.T) {
	a, w, tasks := aheadTasks(t, 2)
	one, two := tasks[0], tasks[1]
	for _, records := range [][]txn.Record{outputsOf("a", "b"), outputsOf("c")} {
		if err := one.produce(records); err != nil {
			t.Fatal(err)
		}
		clear(records) // the slice is the caller's again
	}
	if err := one.catchUpOutputs(); err != nil || len(w.keys) > 0 || a.gate.passable(2) {
		t.Fatalf("%q was written before the epoch was open, %v", w.keys, err)
	}
	full := make(chan error)
	go func() {
		full <- two.produce([]txn.Record{{Topic: "t", Key: []byte("z"), Value: make([]byte, aheadBytes)}})
	}()
	select {
	case err := <-full:
		t.Fatalf("there was room: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	a.gate.open(2)
	if err := <-full; err != nil {
		t.Fatal(err)
	}
	if err := one.produce(outputsOf("d")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.keys); got != "[z a b c d]" || a.ahead.Load() != 0 || len(one.ahead.records) != 0 {
		t.Errorf("written: %v; %d bytes are still booked", got, a.ahead.Load())
	}
	one.epoch = 3
	if err := one.produce(outputsOf("e")); err != nil || len(w.keys) != 5 {
		t.Errorf("written: %v, %v", w.keys, err)
	}
	a.gate.close()
	if err := one.catchUpOutputs(); !errors.Is(err, errHalted) {
		t.Errorf("%v, want errHalted", err)
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
	if len(w.keys) != 1 {
		t.Errorf("written: %v", w.keys)
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
	if len(w.keys) > 0 {
		t.Errorf("written: %v", w.keys)
	}
}
