package txntest

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

// seekAfterAbort is the loop of a job whose epoch failed: abort, go back to the committed offsets, do it again.
func seekAfterAbort(e *env) {
	in, out, group := e.topic(1), e.topic(1), e.name("g")
	in0 := txn.Partition{Topic: in}
	e.fill(in, 0, 3)
	m := e.joined(group, "i", 1, in)
	p := e.producer(e.name("id"))
	for try := range 3 {
		m.from(0)
		rs := m.take(3)
		for i := range rs {
			rs[i].Topic = out
		}
		e.must(p.Begin())
		e.must(p.Produce(e.ctx, rs))
		e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(rs[2].Offset+1, "")}, m.meta))
		if try < 2 {
			e.must(p.Abort(e.ctx))
		}
	}
	e.must(p.Commit(e.ctx))
	e.wantValues(out, true, "0", "1", "2")
	e.wantPosition(group, in0, at(3, ""))
}

func atLeastOnce(e *env) {
	in, out, group := e.topic(1), e.topic(1), e.name("g")
	in0 := txn.Partition{Topic: in}
	m := e.joined(group, "i", 1, in)
	p := e.producer("")
	e.must(p.Begin())
	e.must(p.Flush(e.ctx))
	e.must(p.Produce(e.ctx, numbered(out, 0, 0, 500)))
	e.must(p.Flush(e.ctx))
	if n := len(e.values(out, true)); n != 500 {
		e.Fatalf("%d records after Flush; want 500", n)
	}
	e.must(m.c.Commit(e.ctx, map[txn.Partition]txn.Position{in0: at(5, "checkpoint 5")}, m.meta))
	e.wantPosition(group, in0, at(5, "checkpoint 5"))
	e.class(m.c.Commit(e.ctx, map[txn.Partition]txn.Position{in0: at(6, strings.Repeat("x", 4097))}, m.meta), txn.ClassFatal)
	e.must(p.Produce(e.ctx, numbered(out, 0, 500, 5)))
	e.must(p.Abort(e.ctx))
	e.must(p.Produce(e.ctx, numbered(out, 0, 1000, 1)))
	e.must(p.Commit(e.ctx))
	if vs := e.values(out, true); vs[len(vs)-1] != "1000" {
		e.Fatalf("the last record is %s", vs[len(vs)-1])
	}
}

// atLeastOnceZombie: offsets are committed by the member that read them, never by what became of it.
func atLeastOnceZombie(e *env) {
	in, group := e.topic(2), e.name("g")
	in0 := txn.Partition{Topic: in}
	a := e.joined(group, "a", 2, in)
	old := a.meta
	b := e.consumer(group, "b", in)
	a.onRevoked = func() {
		e.must(a.c.Commit(e.ctx, map[txn.Partition]txn.Position{in0: at(3, "inside Revoked")}, old))
	}
	a.until("both own one", func() bool { b.poll(); return len(a.owned) == 1 && len(b.owned) == 1 })
	a.onRevoked = nil
	e.class(a.c.Commit(e.ctx, map[txn.Partition]txn.Position{in0: at(9, "zombie")}, old), txn.ClassAbort)
	e.wantPosition(group, in0, at(3, "inside Revoked"))
	e.must(a.c.Commit(e.ctx, map[txn.Partition]txn.Position{in0: at(4, "member")}, a.meta))
	e.wantPosition(group, in0, at(4, "member"))
}

// deadBroker is an address where nobody listens.
func deadBroker(e *env) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	e.must(err)
	defer l.Close()
	return l.Addr().String()
}

// unreachable: every call ends with its context, and the error says whom it could not reach.
func unreachable(e *env) {
	if e.InProcess {
		e.Log("left out: there is no network")
		return
	}
	dead := deadBroker(e)
	c := e.open(dead, nil)
	a, err := c.NewAdmin()
	e.must(err)
	defer a.Close()
	p, err := c.NewProducer(txn.ProducerConfig{TransactionalID: e.name("id"), TransactionTimeout: 5 * time.Second})
	e.must(err)
	m := &member{e: e}
	m.c, err = c.NewConsumer(txn.ConsumerConfig{Topics: []string{"t"}, Group: "g", InstanceID: "i"}, m)
	e.must(err)
	parts := []txn.Partition{{Topic: "t"}}
	for what, call := range map[string]func(context.Context) error{
		"Topics":    func(ctx context.Context) error { _, err := a.Topics(ctx, []string{"t"}); return err },
		"Members":   func(ctx context.Context) error { _, err := a.Members(ctx, "g"); return err },
		"Committed": func(ctx context.Context) error { _, err := m.c.Committed(ctx, parts); return err },
		"Ends":      func(ctx context.Context) error { _, err := m.c.Ends(ctx, parts); return err },
		"Limit":     func(ctx context.Context) error { _, err := a.MaxTransactionTimeout(ctx); return err },
		"Create": func(ctx context.Context) error {
			return a.CreateTopics(ctx, []txn.TopicSpec{{Name: "t", Partitions: 1}})
		},
		"Delete": func(ctx context.Context) error { return a.DeleteRecords(ctx, map[txn.Partition]int64{parts[0]: 0}) },
		"Leave":  func(ctx context.Context) error { return a.Leave(ctx, "g", "i", "") },
		"Init":   p.Init,
	} {
		ctx, cancel := context.WithTimeout(e.ctx, 400*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		cancel()
		if d := time.Since(start); d > 2*time.Second {
			e.Errorf("%s ended %v after the start", what, d)
		}
		if err == nil || !strings.Contains(err.Error(), dead) {
			e.Errorf("%s: the error does not name %s: %v", what, dead, err)
		}
		e.class(err, txn.ClassRetry, txn.ClassNewProducer)
	}
	start := time.Now()
	e.must(m.c.Close())
	p.Close()
	if d := time.Since(start); d > 6*time.Second {
		e.Errorf("closing took %v", d)
	}
}

func missingTopic(e *env) {
	m := e.consumer(e.name("g"), "i", e.name("txntest-missing"))
	var err error
	e.soon("an error", 20*time.Second, func() bool {
		_, err = m.c.Poll(50*time.Millisecond, 10)
		return err != nil && txn.ClassOf(err) != txn.ClassRetry
	})
	e.class(err, txn.ClassFatal)
	if !strings.Contains(err.Error(), "txntest-missing") {
		e.Errorf("the error does not name the topic: %v", err)
	}
}

// transactionExpires: the broker ends a transaction that is older than its timeout. The producer is told that it is
// fenced though nobody fenced it, and a new one with the same id goes on.
func transactionExpires(e *env) {
	out, id := e.topic(1), e.name("id")
	p, err := e.client.NewProducer(txn.ProducerConfig{TransactionalID: id, TransactionTimeout: time.Second})
	e.must(err)
	e.must(p.Init(e.ctx))
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{one(out, "expired")}))
	e.soon("the record reaches the log", 10*time.Second, func() bool { return len(e.values(out, false)) == 1 })
	e.soon("the transaction has expired", e.Expiry, func() bool {
		end, err := e.eye.StableEnd(e.ctx, txn.Partition{Topic: out})
		e.must(err)
		return end == 2 // the record and its abort marker
	})
	err = p.Commit(e.ctx)
	e.class(err, txn.ClassFenced, txn.ClassUnknown)
	p.Close()
	e.commit(e.producer(id), one(out, "x"))
	e.wantValues(out, true, "x")
}
