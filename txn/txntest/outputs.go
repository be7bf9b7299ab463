package txntest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/weirstream/weir/txn"
)

func committedOutputs(e *env) {
	topic := e.topic(1)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, numbered(topic, 0, 0, 3)))
	e.must(p.Flush(e.ctx))
	e.wantValues(topic, true)
	e.must(p.Commit(e.ctx))
	e.wantValues(topic, true, "0", "1", "2")
}

func abortedOutputs(e *env) {
	topic := e.topic(1)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, numbered(topic, 0, 0, 3)))
	e.soon("records reach the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 3 })
	e.must(p.Abort(e.ctx))
	e.wantValues(topic, true)
	e.commit(p, one(topic, "after"))
	e.wantValues(topic, true, "after")
}

func emptyTransaction(e *env) {
	topic := e.topic(1)
	p := e.producer(e.name("id"))
	for range 2 {
		e.must(p.Begin())
		e.must(p.Commit(e.ctx))
		e.must(p.Begin())
		e.must(p.Abort(e.ctx))
	}
	e.commit(p, one(topic, "x"))
	e.wantValues(topic, true, "x")
}

// abortWithoutWaiting aborts while the first record is on its way. A driver may need a new producer then, but must
// say so, and nothing of the transaction may show.
func abortWithoutWaiting(e *env) {
	topic, id := e.topic(1), e.name("id")
	p := e.producer(id)
	for i := range 20 {
		e.must(p.Begin())
		e.must(p.Produce(e.ctx, []txn.Record{one(topic, "aborted")}))
		time.Sleep(time.Duration(i%4) * 300 * time.Microsecond)
		if err := p.Abort(e.ctx); err != nil {
			e.class(err, txn.ClassNewProducer)
			p.Close()
			p = e.producer(id)
		}
	}
	e.commit(p, one(topic, "x"))
	e.wantValues(topic, true, "x")
}

// closeLeavesNothing closes a producer in the middle of a transaction; the next Init aborts it.
func closeLeavesNothing(e *env) {
	topic, id := e.topic(1), e.name("id")
	p := e.producer(id)
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{one(topic, "orphan")}))
	e.soon("the record reaches the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 1 })
	start := time.Now()
	p.Close()
	p.Close()
	if d := time.Since(start); d > 5*time.Second {
		e.Errorf("Close took %v", d)
	}
	e.class(p.Commit(e.ctx), txn.ClassNewProducer)
	e.commit(e.producer(id), one(topic, "x"))
	e.wantValues(topic, true, "x")
}

func initFences(e *env) {
	topic, id := e.topic(1), e.name("id")
	zombie := e.producer(id)
	e.must(zombie.Begin())
	e.must(zombie.Produce(e.ctx, []txn.Record{one(topic, "zombie")}))
	e.soon("the record reaches the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 1 })
	heir := e.producer(id)
	e.class(zombie.Commit(e.ctx), txn.ClassFenced)
	e.class(zombie.Begin(), txn.ClassFenced, txn.ClassNewProducer)
	e.commit(heir, one(topic, "heir"))
	e.wantValues(topic, true, "heir")
}

func produceConcurrently(e *env) {
	const writers, batches, each = 4, 20, 50
	topic := e.topic(writers)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for w := range int32(writers) {
		wg.Go(func() {
			for b := range batches {
				if err := p.Produce(e.ctx, numbered(topic, w, b*each, each)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	e.must(<-errs)
	e.must(p.Commit(e.ctx))
	for w := range int32(writers) {
		for i, r := range e.committed(topic, w, batches*each) {
			if string(r.Value) != fmt.Sprint(i) {
				e.Fatalf("partition %d: record %d is %s", w, i, r.Value)
			}
		}
	}
}

// tinyQueue: Produce waits for room rather than failing, and no longer than its context.
func tinyQueue(e *env) {
	topic := e.topic(1)
	tiny := map[string]string{"queue.buffering.max.messages": "10", "linger.ms": "20"}
	p, err := e.open(e.Brokers, tiny).NewProducer(txn.ProducerConfig{TransactionalID: e.name("id"), TransactionTimeout: 10 * time.Second})
	e.must(err)
	defer p.Close()
	e.must(p.Init(e.ctx))
	e.commit(p, numbered(topic, 0, 0, 200)...)
	e.committed(topic, 0, 200)
	if e.InProcess {
		return
	}
	p, err = e.open(deadBroker(e), tiny).NewProducer(txn.ProducerConfig{})
	e.must(err)
	defer p.Close()
	ctx, cancel := context.WithTimeout(e.ctx, 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	e.class(p.Produce(ctx, numbered(topic, 0, 0, 200)), txn.ClassAbort)
	if d := time.Since(start); d > 2*time.Second {
		e.Errorf("Produce took %v beyond its context", d)
	}
}
