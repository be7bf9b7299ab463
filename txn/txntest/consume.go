package txntest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
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

// seekDrops jumps about while much has been fetched: the first record after each Seek is the one asked for, and the
// next ones follow it.
func seekDrops(e *env) {
	const n = 20_000
	topic := e.topic(1)
	e.fill(topic, 0, n)
	m := e.joined(e.name("g"), "i", 1, topic)
	m.from(0)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		to := rnd.IntN(n - 2000)
		m.from(int64(to))
		next := to
		for next < to+rnd.IntN(1500)+1 {
			bs, err := m.c.Poll(100*time.Millisecond, rnd.IntN(900)+1)
			e.must(err)
			for _, b := range bs {
				for _, r := range b.Records {
					if string(r.Value) != fmt.Sprint(next) {
						e.Fatalf("after Seek to %d: got %s, want %d", to, r.Value, next)
					}
					next++
				}
			}
		}
		if rnd.IntN(3) == 0 {
			time.Sleep(time.Duration(rnd.IntN(5)) * time.Millisecond)
		}
	}
}

// seekToSome: exactly the partitions named flow.
func seekToSome(e *env) {
	topic := e.topic(2)
	p := e.producer(e.name("id"))
	e.commit(p, append(numbered(topic, 0, 0, 5), numbered(topic, 1, 0, 5)...)...)
	m := e.joined(e.name("g"), "i", 2, topic)
	for _, only := range []int32{1, 0} {
		e.must(m.c.Seek(map[txn.Partition]int64{{Topic: topic, ID: only}: 0}))
		got := 0
		for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); {
			for _, b := range m.poll() {
				if b.Partition.ID != only {
					e.Fatalf("records of partition %d flow", b.Partition.ID)
				}
				got += len(b.Records)
			}
		}
		if got != 5 {
			e.Fatalf("%d records of partition %d; want 5", got, only)
		}
	}
}

func pauseResume(e *env) {
	const n = 3000
	topic := e.topic(1)
	e.fill(topic, 0, n)
	m := e.joined(e.name("g"), "i", 1, topic)
	m.from(0)
	next := map[txn.Partition]int{}
	p0 := txn.Partition{Topic: topic}
	for next[p0] < n {
		bs, err := m.c.Poll(100*time.Millisecond, 300)
		e.must(err)
		for _, b := range bs {
			e.checkBatch(b, next)
		}
		e.must(m.c.Pause())
		for range 3 {
			if k := count(m.poll()); k != 0 {
				e.Fatalf("%d records while paused", k)
			}
		}
		if next[p0] > n/2 && next[p0] < n/2+400 {
			m.from(int64(next[p0])) // Seek lets them flow too
			continue
		}
		e.must(m.c.Resume())
	}
}

// outOfRange: a position that the topic does not hold is never replaced by another.
func outOfRange(e *env) {
	topic := e.topic(1)
	e.fill(topic, 0, 10)
	e.must(e.eye.DeleteBefore(e.ctx, txn.Partition{Topic: topic}, 6))
	m := e.joined(e.name("g"), "i", 1, topic)
	for _, bad := range []int64{2, 1000} {
		m.from(bad)
		var err error
		e.soon("an error", 10*time.Second, func() bool {
			var bs []*txn.Batch
			if bs, err = m.c.Poll(50*time.Millisecond, 10); len(bs) > 0 {
				e.Fatalf("position %d gave offset %d", bad, bs[0].Records[0].Offset)
			}
			return err != nil
		})
		e.class(err, txn.ClassFatal)
		for _, word := range []string{topic, fmt.Sprintf("position %d", bad), "partition 0", "6 to 11"} {
			if !strings.Contains(err.Error(), word) {
				e.Errorf("the error does not say %q: %v", word, err)
			}
		}
	}
	m.from(7)
	if r := m.take(3)[0]; r.Offset != 7 {
		e.Fatalf("got offset %d; want 7", r.Offset)
	}
}

func ends(e *env) {
	topic := e.topic(2)
	e.fill(topic, 0, 10) // and a commit marker
	m := e.joined(e.name("g"), "i", 2, topic)
	p0, p1 := txn.Partition{Topic: topic}, txn.Partition{Topic: topic, ID: 1}
	got, err := m.c.Ends(e.ctx, []txn.Partition{p0, p1})
	e.must(err)
	if got[p0] != (txn.Ends{Low: 0, High: 11}) || got[p1] != (txn.Ends{}) {
		e.Fatalf("got %v", got)
	}
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
	_, err = m.c.Ends(ctx, []txn.Partition{p0})
	e.class(err, txn.ClassRetry)
}
