package txntest

import (
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

// rangeOfTwo: equal partitions of several topics go to the same member, and every partition to exactly one.
func rangeOfTwo(e *env) {
	t1, t2, group := e.topic(4), e.topic(4), e.name("g")
	a := e.joined(group, "a", 8, t1, t2)
	b := e.consumer(group, "b", t1, t2)
	a.until("both own four", func() bool { b.poll(); return len(a.owned) == 4 && len(b.owned) == 4 })
	for _, m := range []*member{a, b} {
		ids := map[int32]int{}
		for _, p := range m.owned {
			ids[p.ID]++
		}
		if len(ids) != 2 {
			e.Fatalf("not by range: %v", m.owned)
		}
	}
	if a.assigned < 2 || a.lost != 0 {
		e.Fatalf("assigned %d times, lost %d times", a.assigned, a.lost)
	}
	// The records of a partition go to whoever owns it now.
	e.fill(t1, 0, 10)
	a.from(0)
	b.from(0)
	owner := a
	if b.owned[0].ID == 0 {
		owner = b
	}
	if n := len(owner.take(10)); n != 10 {
		e.Fatalf("%d records", n)
	}
}

// staticTakeover: a new process with the same instance id gets the partitions at once, and the old one is told.
func staticTakeover(e *env) {
	topic, group := e.topic(2), e.name("g")
	old := e.joined(group, "i", 2, topic)
	oldMeta := old.meta
	start := time.Now()
	heir := e.consumer(group, "i", topic)
	var fenced error
	heir.until("the heir owns both", func() bool {
		if _, err := old.c.Poll(10*time.Millisecond, 1); err != nil && fenced == nil {
			fenced = err
		}
		return len(heir.owned) == 2
	})
	if d := time.Since(start); d > 5*time.Second {
		e.Errorf("the takeover took %v", d)
	}
	e.soon("the old member is told", 10*time.Second, func() bool {
		if fenced == nil {
			_, fenced = old.c.Poll(10*time.Millisecond, 1)
		}
		heir.poll()
		return txn.ClassOf(fenced) == txn.ClassFenced
	})
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	e.class(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{{Topic: topic}: at(1, "")}, oldMeta), txn.ClassAbort, txn.ClassFenced)
	if err := p.Abort(e.ctx); err != nil {
		e.class(err, txn.ClassNewProducer)
	}
	old.closed = true
	_ = old.c.Close()
}

func leave(e *env) {
	topic, group := e.topic(2), e.name("g")
	m := e.joined(group, "leaver", 2, topic)
	m.close()
	a, err := e.client.NewAdmin()
	e.must(err)
	defer a.Close()
	e.must(a.Leave(e.ctx, group, "leaver", ""))
	e.must(a.Leave(e.ctx, group, "leaver", ""))
	got, err := a.Members(e.ctx, group)
	e.must(err)
	if len(got) != 0 {
		e.Fatalf("members after Leave: %v", got)
	}
	start := time.Now()
	e.joined(group, "successor", 2, topic)
	if d := time.Since(start); d > 7*time.Second {
		e.Errorf("the successor waited %v", d)
	}
}

func questions(e *env) {
	topic, group := e.topic(3), e.name("g")
	a, err := e.client.NewAdmin()
	e.must(err)
	defer a.Close()
	e.soon("the topic is known", 5*time.Second, func() bool { // a broker hears of a new one moments later
		topics, err := a.Topics(e.ctx, []string{topic, "txntest-no-such-topic"})
		e.must(err)
		return len(topics) == 1 && topics[topic] == 3
	})
	e.soon("the topic is listed", 5*time.Second, func() bool {
		topics, err := a.AllTopics(e.ctx)
		e.must(err)
		for name := range topics {
			if strings.HasPrefix(name, "__") {
				e.Fatalf("the brokers' own topic %s is listed", name)
			}
		}
		return topics[topic] == 3
	})
	if ms, err := a.Members(e.ctx, group); err != nil || len(ms) != 0 {
		e.Fatalf("members of no group: %v, %v", ms, err)
	}
	if pos, ok := e.position(group, txn.Partition{Topic: topic}); ok {
		e.Fatalf("position of no group: %v", pos)
	}
	e.joined(group, "one", 3, topic)
	ms, err := a.Members(e.ctx, group)
	e.must(err)
	if len(ms) != 1 || len(ms[0].Partitions) != 3 || ms[0].InstanceID != "one" || ms[0].ClientID != "txntest" || !strings.Contains(ms[0].Host, ".") {
		e.Fatalf("members: %+v", ms)
	}
	limit, err := a.MaxTransactionTimeout(e.ctx)
	e.must(err)
	if limit != 15*time.Minute {
		e.Fatalf("transaction.max.timeout.ms: %v", limit)
	}
}
