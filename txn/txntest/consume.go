package txntest

import (
	"context"
	"fmt"
	"time"

	"github.com/weirstream/weir/txn"
)

func nothingBeforeSeek(e *env) {
	topic := e.topic(2)
	e.fill(topic, 0, 10)
	m := e.joined(e.name("g"), "i", 2, topic)
	end := time.Now().Add(500 * time.Millisecond)
	m.until("half a second passes", func() bool { return time.Now().After(end) })
	m.from(0)
	if n := len(m.take(10)); n != 10 {
		e.Fatalf("%d records; want 10", n)
	}
}

// seekInsideAssigned: the handler may know at once where to start.
func seekInsideAssigned(e *env) {
	topic := e.topic(1)
	e.fill(topic, 0, 10)
	m := e.consumer(e.name("g"), "i", topic)
	m.onAssigned = func() { m.from(4) }
	if r := m.take(6)[0]; r.Offset != 4 {
		e.Fatalf("got offset %d; want 4", r.Offset)
	}
}

func batchesInOrder(e *env) {
	const parts, each = 3, 500
	topic := e.topic(parts)
	p := e.producer(e.name("id"))
	for part := range int32(parts) {
		e.commit(p, numbered(topic, part, 0, each)...)
	}
	m := e.joined(e.name("g"), "i", parts, topic)
	m.from(0)
	next := map[txn.Partition]int{}
	e.soon("all records", 20*time.Second, func() bool {
		bs, err := m.c.Poll(20*time.Millisecond, 100)
		e.must(err)
		if n := count(bs); n > 120 {
			e.Fatalf("a Poll of at most about 100 gave %d", n)
		}
		seen := map[txn.Partition]bool{}
		for _, b := range bs {
			if seen[b.Partition] {
				e.Fatalf("two batches of %v in one Poll", b.Partition)
			}
			seen[b.Partition] = true
			e.checkBatch(b, next)
			txn.Recycle(b)
		}
		return next[txn.Partition{Topic: topic}]+next[txn.Partition{Topic: topic, ID: 1}]+next[txn.Partition{Topic: topic, ID: 2}] == parts*each
	})
}

func (e *env) checkBatch(b *txn.Batch, next map[txn.Partition]int) {
	e.Helper()
	size := 0
	for _, r := range b.Records {
		if string(r.Value) != fmt.Sprint(next[b.Partition]) {
			e.Fatalf("%v: value %s; want %d", b.Partition, r.Value, next[b.Partition])
		}
		next[b.Partition]++
		size += len(r.Key) + len(r.Value)
	}
	if b.Bytes != size {
		e.Fatalf("Bytes is %d; want %d", b.Bytes, size)
	}
}

// gaps: commit markers take offsets, and aborted records too.
func gaps(e *env) {
	topic := e.topic(1)
	p := e.producer(e.name("id"))
	for i := range 5 {
		e.commit(p, one(topic, fmt.Sprint(i)))
		e.must(p.Begin())
		e.must(p.Produce(e.ctx, []txn.Record{one(topic, "aborted")}))
		e.soon("the record reaches the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 2*i+2 })
		e.must(p.Abort(e.ctx))
	}
	m := e.joined(e.name("g"), "i", 1, topic)
	m.from(0)
	rs := m.take(5)
	for i, r := range rs {
		if string(r.Value) != fmt.Sprint(i) || r.Offset != int64(4*i) {
			e.Fatalf("record %d: value %s at %d; want offset %d", i, r.Value, r.Offset, 4*i)
		}
	}
	// A position inside a gap is as good as any: it stands for the next record.
	m.from(rs[2].Offset + 1)
	if r := m.take(2)[0]; string(r.Value) != "3" {
		e.Fatalf("from within a gap: %s", r.Value)
	}
}

func ends(e *env) {
	topic := e.topic(2)
	e.fill(topic, 0, 10) // and a commit marker
	m := e.joined(e.name("g"), "i", 2, topic)
	p0, p1 := txn.Partition{Topic: topic}, txn.Partition{Topic: topic, ID: 1}
	e.soon("the ends are right", 5*time.Second, func() bool {
		got, err := m.c.Ends(e.ctx, []txn.Partition{p0, p1})
		e.must(err)
		return got[p0] == txn.Ends{Low: 0, High: 11} && got[p1] == txn.Ends{}
	})
	if k := m.c.KnownEnd(txn.Partition{Topic: topic, ID: 1}); k > 0 {
		e.Fatalf("known end of an empty partition: %d", k)
	}
	m.from(0)
	m.take(10)
	if k := m.c.KnownEnd(p0); k != 11 {
		e.Fatalf("known end: %d; want 11", k)
	}
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	_, err := m.c.Ends(ctx, []txn.Partition{p0})
	e.class(err, txn.ClassRetry)
}
