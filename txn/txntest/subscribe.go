package txntest

import (
	"slices"
	"time"

	"github.com/weirstream/weir/txn"
)

// subscribeToMore: with another list of topics everything is revoked and dealt out anew, and can be committed inside Revoked as ever.
func subscribeToMore(e *env) {
	t1, t2, group := e.topic(2), e.topic(1), e.name("g")
	m := e.joined(group, "i", 2, t1)
	p := e.producer(e.name("id"))
	meta, revoked := m.meta, 0
	m.onRevoked = func() {
		revoked++
		e.must(p.Begin())
		e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{{Topic: t1}: at(3, "before")}, meta))
		e.must(p.Commit(e.ctx))
		m.onRevoked = nil
	}
	e.must(m.c.Subscribe([]string{t1, t2}))
	m.until("it owns three", func() bool { return len(m.owned) == 3 })
	if revoked != 1 || m.lost != 0 {
		e.Fatalf("revoked %d times, lost %d times", revoked, m.lost)
	}
	e.wantPosition(group, txn.Partition{Topic: t1}, at(3, "before"))
	e.fill(t2, 0, 5)
	m.from(0)
	if n := len(m.take(5)); n != 5 {
		e.Fatalf("%d records", n)
	}
	e.must(m.c.Subscribe([]string{t2}))
	m.until("it owns one", func() bool { return len(m.owned) == 1 && m.owned[0].Topic == t2 })
}

// subscribeForNewPartitions: the same topics again, and their new partitions are dealt out.
func subscribeForNewPartitions(e *env) {
	topic, group := e.topic(1), e.name("g")
	m := e.joined(group, "i", 1, topic)
	e.must(e.eye.AddPartitions(e.ctx, topic, 3))
	asked := time.Now()
	e.must(m.c.Subscribe([]string{topic}))
	m.until("it owns three", func() bool {
		// A broker hears of them in its own time.
		if len(m.owned) > 0 && len(m.owned) < 3 && time.Since(asked) > time.Second {
			asked = time.Now()
			e.must(m.c.Subscribe([]string{topic}))
		}
		return len(m.owned) == 3
	})
}

// holdSome: the others flow on, nothing is lost, and Seek ends it.
func holdSome(e *env) {
	const n = 2000
	topic := e.topic(2)
	p := e.producer(e.name("id"))
	e.commit(p, append(numbered(topic, 0, 0, n), numbered(topic, 1, 0, n)...)...)
	m := e.joined(e.name("g"), "i", 2, topic)
	m.from(0)
	next := map[txn.Partition]int{}
	parts := []txn.Partition{{Topic: topic}, {Topic: topic, ID: 1}}
	poll := func(held txn.Partition) {
		bs, err := m.c.Poll(20*time.Millisecond, 100)
		e.must(err)
		for _, b := range bs {
			if b.Partition == held {
				e.Fatalf("records of %v, which is held", held)
			}
			e.checkBatch(b, next)
		}
	}
	for i := 0; next[parts[0]] < n/2 || next[parts[1]] < n/2; i++ {
		held := parts[i%2]
		e.must(m.c.Hold([]txn.Partition{held}))
		other := parts[1-i%2]
		before := next[other]
		e.soon("the other flows", 10*time.Second, func() bool { poll(held); return next[other] > before || next[other] == n })
	}
	e.must(m.c.Hold(parts))
	if poll(parts[0]); count(m.poll()) != 0 {
		e.Fatal("records while both are held")
	}
	e.must(m.c.Hold(nil))
	e.soon("the rest", 20*time.Second, func() bool { poll(txn.Partition{}); return next[parts[0]] == n && next[parts[1]] == n })
	e.must(m.c.Hold(parts))
	m.from(n - 10)
	clear(next)
	e.soon("records after Seek", 10*time.Second, func() bool {
		for _, b := range m.poll() {
			next[b.Partition] += len(b.Records)
		}
		return next[parts[0]] == 10 && next[parts[1]] == 10
	})
}

// positionAtEnd: control records and aborted ones at the end of a partition do not hide that it is the end.
func positionAtEnd(e *env) {
	e.trackEnds = true
	topic := e.topic(2)
	p0, p1 := txn.Partition{Topic: topic}, txn.Partition{Topic: topic, ID: 1}
	e.fill(topic, 0, 10)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, numbered(topic, 0, 100, 5)))
	e.must(p.Flush(e.ctx))
	e.soon("the records reach the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 15 })
	e.must(p.Abort(e.ctx))
	m := e.joined(e.name("g"), "i", 2, topic)
	if at := m.c.Position(p0); at != -1 {
		e.Fatalf("position %d before Seek", at)
	}
	want := int64(10 + 1 + 5 + 1) // with the markers
	e.soon("the end is stable", 10*time.Second, func() bool {
		end, err := m.c.Stable(e.ctx, m.owned)
		e.must(err)
		return end[p0] == want && end[p1] == 0
	})
	for range 2 {
		m.from(0)
		if at := m.c.Position(p0); at != 0 {
			e.Fatalf("position %d after Seek", at)
		}
		got := 0
		e.soon("the end", 10*time.Second, func() bool {
			got += count(m.poll())
			return m.c.Position(p0) == want && m.c.Position(p1) == 0
		})
		if got != 10 {
			e.Fatalf("%d records", got)
		}
	}
	// And it goes on from there.
	e.fill(topic, 10, 1)
	if r := m.take(1)[0]; r.Offset != want || string(r.Value) != "10" {
		e.Fatalf("offset %d, value %s", r.Offset, r.Value)
	}
}

// stableAndSince: what is decided, and where a time begins.
func stableAndSince(e *env) {
	topic, later := e.topic(2), time.Now().Add(30*time.Minute).UnixMilli() // the time of markers is before it
	p0, p1 := txn.Partition{Topic: topic}, txn.Partition{Topic: topic, ID: 1}
	rs := numbered(topic, 0, 0, 6)
	for i := range rs {
		rs[i].Timestamp = later + int64(i)*1000
	}
	p := e.producer(e.name("id"))
	e.commit(p, rs[:4]...)
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, rs[4:]))
	e.must(p.Flush(e.ctx))
	e.soon("the records reach the log", 10*time.Second, func() bool { return len(e.values(topic, false)) == 6 })
	m := e.joined(e.name("g"), "i", 2, topic)
	parts := slices.Clone(m.owned)
	stable, err := m.c.Stable(e.ctx, parts)
	e.must(err)
	if stable[p0] != 5 || stable[p1] != 0 {
		e.Fatalf("stable %v", stable)
	}
	for ts, want := range map[int64]int64{0: 0, later: 0, later + 1: 1, later + 3000: 3, later + 5000: 6} {
		got, err := m.c.Since(e.ctx, parts, ts)
		e.must(err)
		if at, ok := got[p0]; !ok || at != want {
			e.Errorf("since %d: %v, want %d", ts, got, want)
		}
		if _, ok := got[p1]; ok {
			e.Errorf("since %d: an empty partition has a record: %v", ts, got)
		}
	}
	got, err := m.c.Since(e.ctx, parts, later+5001)
	e.must(err)
	if len(got) != 0 {
		e.Errorf("after the last record: %v", got)
	}
	e.must(p.Abort(e.ctx))
}
