package txntest

import (
	"time"

	"github.com/weirstream/weir/txn"
)

// fair: whoever reads partitions with a long backlog, a little at a time, still gets what comes to many others, soon, and the
// backlogs shrink side by side: event time goes on with the slowest.
func fair(e *env) {
	const behind, backlog, others, each = 8, 30_000, 12, 5 // 50 MB, several times what a client reads ahead
	long, t1, t2 := e.topic(behind), e.topic(others), e.topic(others)
	p := e.producer(e.name("filler"))
	for id := range int32(behind) {
		e.commit(p, padded(numbered(long, id, 0, backlog))...)
	}
	m := e.joined(e.name("g"), "i", behind+2*others, long, t1, t2)
	m.from(0)
	next := map[txn.Partition]int{}
	read := func(what string, ok func() bool) {
		e.Helper()
		e.soon(what, 40*time.Second, func() bool {
			bs, err := m.c.Poll(20*time.Millisecond, 200)
			e.must(err)
			for _, b := range bs {
				e.checkBatch(b, next)
				txn.Recycle(b)
			}
			return ok()
		})
	}
	// shares counts what was read of the backlogs.
	shares := func() (sum, least, most int) {
		least = backlog
		for id := range int32(behind) {
			n := next[txn.Partition{Topic: long, ID: id}]
			sum, least, most = sum+n, min(least, n), max(most, n)
		}
		return sum, least, most
	}
	read("some of the backlog", func() bool { sum, _, _ := shares(); return sum >= 2000 })
	var rs []txn.Record
	for id := range int32(others) {
		rs = append(append(rs, numbered(t1, id, 0, each)...), numbered(t2, id, 0, each)...)
	}
	e.commit(p, rs...)
	read("what came to the others", func() bool {
		done := 0
		for q, n := range next {
			if q.Topic != long && n == each {
				done++
			}
		}
		return done == 2*others
	})
	waited, _, _ := shares()
	read("half of the backlog", func() bool { sum, _, _ := shares(); return sum >= behind*backlog/2 })
	_, least, most := shares()
	e.Logf("the others had to wait for %d of %d records; then %d to %d were read of each backlog", waited, behind*backlog, least, most)
	if waited > behind*backlog/2 || least < most/4 {
		e.Error("that is not fair")
	}
}

// padded makes records of about 200 bytes. Values stay what they are, for checkBatch.
func padded(rs []txn.Record) []txn.Record {
	for i := range rs {
		rs[i].Key = make([]byte, 200)
	}
	return rs
}
