package txntest

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

func at(offset int64, metadata string) txn.Position {
	return txn.Position{Offset: offset, Metadata: metadata}
}

// wantPosition checks a group's committed position with the driver's own eyes.
func (e *env) wantPosition(group string, p txn.Partition, want txn.Position) {
	e.Helper()
	if got, _ := e.position(group, p); got != want {
		e.Fatalf("group %s stands at %+v; want %+v", group, got, want)
	}
}

// atomicOffsets: offsets and their metadata become visible with the outputs, or not at all.
func atomicOffsets(e *env) {
	in, out, group := e.topic(1), e.topic(1), e.name("g")
	in0 := txn.Partition{Topic: in}
	m := e.joined(group, "i", 1, in)
	p := e.producer(e.name("id"))
	if _, ok := e.position(group, in0); ok {
		e.Fatal("a new group has a position")
	}
	transact := func(pos txn.Position, end func(context.Context) error) {
		e.must(p.Begin())
		e.must(p.Produce(e.ctx, []txn.Record{one(out, pos.Metadata)}))
		e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: pos}, m.meta))
		e.must(end(e.ctx))
	}
	transact(at(3, "checkpoint 1"), p.Commit)
	e.wantPosition(group, in0, at(3, "checkpoint 1"))
	transact(at(5, "checkpoint 2"), func(ctx context.Context) error {
		e.must(p.Flush(ctx))
		e.soon("the output reaches the log", 10*time.Second, func() bool { return len(e.values(out, false)) == 2 })
		return p.Abort(ctx)
	})
	e.wantPosition(group, in0, at(3, "checkpoint 1"))
	transact(at(7, strings.Repeat("x", 4096)), p.Commit)
	e.wantPosition(group, in0, at(7, strings.Repeat("x", 4096)))
	e.wantValues(out, true, "checkpoint 1", strings.Repeat("x", 4096))
	// No output: the offsets are a transaction of their own.
	e.must(p.Begin())
	e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(9, "")}, m.meta))
	e.must(p.Commit(e.ctx))
	got, err := m.c.Committed(e.ctx, []txn.Partition{in0})
	e.must(err)
	if got[in0] != at(9, "") {
		e.Fatalf("Committed: %+v", got)
	}
}

// stableRead: while a transaction holds offsets, their reader waits rather than getting the ones before (KIP-447).
func stableRead(e *env) {
	in, group := e.topic(1), e.name("g")
	in0 := txn.Partition{Topic: in}
	m := e.joined(group, "i", 1, in)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(4, "pending")}, m.meta))
	short, cancel := context.WithTimeout(e.ctx, 700*time.Millisecond)
	defer cancel()
	got, err := m.c.Committed(short, []txn.Partition{in0})
	if err == nil {
		e.Fatalf("got %v while a transaction is pending", got)
	}
	e.class(err, txn.ClassRetry)
	done := make(chan txn.Position, 1)
	go func() {
		pos, err := m.c.Committed(e.ctx, []txn.Partition{in0})
		if err != nil {
			e.Error(err)
		}
		done <- pos[in0]
	}()
	time.Sleep(100 * time.Millisecond)
	e.must(p.Commit(e.ctx))
	if pos := <-done; pos != at(4, "pending") {
		e.Fatalf("got %+v", pos)
	}
}

// allCommitted: asked for no partitions in particular, a group tells of all, stably.
func allCommitted(e *env) {
	one, two, group := e.topic(2), e.topic(1), e.name("g")
	m := e.joined(group, "i", 3, one, two)
	a, err := e.client.NewAdmin()
	e.must(err)
	defer a.Close()
	if got, err := a.Committed(e.ctx, e.name("unheard of"), nil); err != nil || len(got) > 0 {
		e.Errorf("an unknown group: %v, %v", got, err)
	}
	p := e.producer(e.name("id"))
	want := map[txn.Partition]txn.Position{{Topic: one, ID: 1}: at(4, "a"), {Topic: two}: at(7, "b")}
	for _, decide := range []func(context.Context) error{p.Commit, p.Abort} {
		e.must(p.Begin())
		e.must(p.SendOffsets(e.ctx, want, m.meta))
		e.must(decide(e.ctx))
		_, err := a.Committed(e.ctx, group, []txn.Partition{{Topic: one, ID: 1}, {Topic: two}}) // waits for what is pending
		e.must(err)
		got, err := a.Committed(e.ctx, group, nil)
		if e.must(err); !maps.Equal(got, map[txn.Partition]txn.Position{{Topic: one, ID: 1}: at(4, "a"), {Topic: two}: at(7, "b")}) {
			e.Errorf("got %v", got)
		}
		want = map[txn.Partition]txn.Position{{Topic: one, ID: 1}: at(5, "c")}
	}
	e.must(p.Begin())
	e.must(p.SendOffsets(e.ctx, want, m.meta))
	short, cancel := context.WithTimeout(e.ctx, 700*time.Millisecond)
	defer cancel()
	if got, err := a.Committed(short, group, nil); err == nil {
		e.Errorf("got %v while a transaction is pending", got)
	}
	e.must(p.Commit(e.ctx))
}

// metadataTooLong would be refused again after every abort, so it is fatal and names the limit.
func metadataTooLong(e *env) {
	in, group := e.topic(1), e.name("g")
	m := e.joined(group, "i", 1, in)
	p := e.producer(e.name("id"))
	e.must(p.Begin())
	for _, s := range []string{strings.Repeat("x", 4097), strings.Repeat("é", 4097), strings.Repeat("😀", 2049)} {
		err := p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{{Topic: in}: at(1, s)}, m.meta)
		e.class(err, txn.ClassFatal)
		if !strings.Contains(err.Error(), "4096") || !strings.Contains(err.Error(), in) {
			e.Errorf("the error names neither limit nor topic: %v", err)
		}
	}
	e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{{Topic: in}: at(1, strings.Repeat("x", 4096))}, m.meta))
	e.must(p.Commit(e.ctx))
}

// zombieOffsets: one who has lost its partitions can't commit offsets, though its producer is not fenced.
func zombieOffsets(e *env) {
	in, out, group := e.topic(2), e.topic(1), e.name("g")
	in0 := txn.Partition{Topic: in}
	a := e.joined(group, "a", 2, in)
	old := a.meta
	p := e.producer(e.name("id"))
	b := e.consumer(group, "b", in)
	a.until("both own one", func() bool { b.poll(); return len(a.owned) == 1 && len(b.owned) == 1 })
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{one(out, "zombie")}))
	e.class(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(1, "zombie")}, old), txn.ClassAbort)
	e.must(p.Abort(e.ctx))
	if _, ok := e.position(group, in0); ok {
		e.Fatal("the zombie's offsets were taken")
	}
	// With the new membership the same producer goes on.
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, []txn.Record{one(out, "x")}))
	e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(1, "member")}, a.meta))
	e.must(p.Commit(e.ctx))
	e.wantValues(out, true, "x")
	e.wantPosition(group, in0, at(1, "member"))
}

// commitInsideRevoked: partitions stay ours until Revoked returns, so their work can still be committed.
func commitInsideRevoked(e *env) {
	in, group := e.topic(2), e.name("g")
	in0 := txn.Partition{Topic: in}
	a := e.joined(group, "a", 2, in)
	p := e.producer(e.name("id"))
	meta := a.meta
	a.onRevoked = func() {
		e.must(p.Begin())
		e.must(p.SendOffsets(e.ctx, map[txn.Partition]txn.Position{in0: at(8, "last")}, meta))
		e.must(p.Commit(e.ctx))
		a.onRevoked = nil
	}
	b := e.consumer(group, "b", in)
	a.until("both own one", func() bool { b.poll(); return len(a.owned) == 1 && len(b.owned) == 1 })
	e.wantPosition(group, in0, at(8, "last"))
}
