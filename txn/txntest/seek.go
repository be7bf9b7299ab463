package txntest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

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
