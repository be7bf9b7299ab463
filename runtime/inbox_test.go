package runtime

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/txn"
)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "6") // they wait for most of their time
	// A zombie leaves its consumer inside the callback until its process ends, which a test is not.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/weirstream/weir/runtime.(*reader).leave"),
		// A consumer that was fenced can't be closed by librdkafka.
		goleak.IgnoreAnyFunction("github.com/confluentinc/confluent-kafka-go/v2/kafka.(*Consumer).Close"),
		// librdkafka may throw away the acknowledgement that it waits for: see leave in txn/confluent, whose tests leave it out too.
		goleak.IgnoreAnyFunction("github.com/weirstream/weir/txn/confluent.unassign"))
}

// batchOf marks a message so that a test can tell input and number.
func batchOf(input, n int) message {
	return message{source: &txn.Batch{Partition: txn.Partition{Topic: fmt.Sprint(input), ID: int32(n)}}}
}

// TestInboxAligns sends random numbers of records between barriers on every input and checks, at the
// receiver, that no record of epoch n+1 comes before the barrier of n and that every input keeps its order.
func TestInboxAligns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inputs := rapid.IntRange(1, 5).Draw(t, "inputs")
		epochs := rapid.IntRange(1, 4).Draw(t, "epochs")
		counts := make([][]int, inputs)
		for i := range counts {
			counts[i] = rapid.SliceOfN(rapid.IntRange(0, 6), epochs, epochs).Draw(t, "records")
		}
		b := newInbox(inputs, rapid.IntRange(1, 3).Draw(t, "queue"))
		b.begin(1)
		var senders sync.WaitGroup
		for i := range inputs {
			senders.Add(1)
			go func() {
				defer senders.Done()
				sendEpochs(b, i, counts[i])
			}()
		}
		seen := make([]int, inputs)
		for e := 1; e <= epochs; {
			m, ok, err := b.take(time.Time{})
			if !ok || err != nil {
				t.Fatalf("take: %v, %v", ok, err)
			}
			if m.barrier != 0 {
				if m.barrier != uint64(e) {
					t.Fatalf("barrier %d, want %d", m.barrier, e)
				}
				checkEpoch(t, seen, counts, e)
				e++
				continue
			}
			var input int
			_, _ = fmt.Sscan(m.source.Partition.Topic, &input)
			if int(m.source.Partition.ID) != seen[input] {
				t.Fatalf("input %d: record %d after %d", input, m.source.Partition.ID, seen[input])
			}
			seen[input]++
		}
		senders.Wait()
		if !b.idle() {
			t.Fatal("something is left")
		}
	})
}

func sendEpochs(b *inbox, input int, counts []int) {
	n := 0
	for e, c := range counts {
		for range c {
			b.put(input, batchOf(input, n))
			n++
		}
		b.put(input, message{barrier: uint64(e + 1)})
	}
}

// checkEpoch: at barrier e exactly the records of epochs up to e have come.
func checkEpoch(t *rapid.T, seen []int, counts [][]int, e int) {
	for i := range counts {
		want := 0
		for _, c := range counts[i][:e] {
			want += c
		}
		if seen[i] != want {
			t.Fatalf("input %d at barrier %d: %d records, want %d", i, e, seen[i], want)
		}
	}
}

func TestInboxCloseFreesEverybody(t *testing.T) {
	b := newInbox(1, 1)
	b.begin(1)
	b.put(0, batchOf(0, 0))
	blocked := make(chan bool)
	go func() { blocked <- b.put(0, batchOf(0, 1)) }()
	empty := newInbox(1, 1)
	empty.begin(1)
	waiting := make(chan bool)
	go func() { _, ok, _ := empty.take(time.Time{}); waiting <- ok }()
	b.close()
	empty.close()
	for _, c := range []chan bool{blocked, waiting} {
		select {
		case ok := <-c:
			if ok {
				t.Error("a closed inbox took or gave something")
			}
		case <-time.After(5 * time.Second):
			t.Fatal("still blocked")
		}
	}
}

// For so long a barrier held the receiver up: from the first input that brought it, until it has passed.
func TestInboxSaysSinceWhenItIsHeld(t *testing.T) {
	b := newInbox(2, 4)
	b.begin(1)
	before := time.Time{}
	for epoch := uint64(1); epoch <= 2; epoch++ {
		b.put(0, message{barrier: epoch})
		if m, ok, err := b.take(time.Now()); !ok || err != nil || m.barrier != 0 { // it takes the barrier in, and finds nothing else
			t.Fatal(m, ok, err)
		}
		between := time.Now()
		b.put(1, message{barrier: epoch})
		m, _, err := b.take(time.Time{})
		if err != nil || m.barrier != epoch {
			t.Fatal(m, err)
		}
		if m.held.Before(before) || m.held.After(between) {
			t.Errorf("barrier %d: held since %v, want %v to %v", epoch, m.held, before, between)
		}
		before = time.Now()
	}
}

func TestInboxRefusesABarrierTwice(t *testing.T) {
	b := newInbox(2, 4)
	b.begin(1)
	b.put(0, message{barrier: 1})
	b.put(1, message{barrier: 2})
	if _, _, err := b.take(time.Time{}); err == nil {
		t.Fatal("two inputs disagree on the epoch, and nobody minds")
	}
}

func TestGate(t *testing.T) {
	g := newGate()
	g.open(1)
	if err := g.wait(1); err != nil {
		t.Fatal(err)
	}
	next := make(chan error)
	go func() { next <- g.wait(2) }()
	select {
	case err := <-next:
		t.Fatalf("epoch 2 went through a gate open for 1: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	g.open(2)
	if err := <-next; err != nil {
		t.Fatal(err)
	}
	go func() { next <- g.wait(3) }()
	g.close()
	if err := <-next; !errors.Is(err, errHalted) {
		t.Fatalf("got %v, want errHalted", err)
	}
}
