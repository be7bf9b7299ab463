package operators

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

type arrival struct {
	key   string
	value int
	ts    int64
}

// Every record arrives once, at the task that owns its key group, with key and timestamp, in the order of its sender.
func TestExchange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parallelism := rapid.IntRange(1, 5).Draw(t, "parallelism")
		x := &Exchange[string, int]{Key: func(v int) string { return fmt.Sprint(v % 10) }, Codec: state.String{}}
		l := lend(parallelism)
		task := NewTask(&l.Env)
		next := 0
		decode := func(*txn.Record) (int, error) { next++; return next, nil }
		chain := task.SourceChain(Source(task, "s", decode, x.Send(task)))
		for _, size := range rapid.SliceOfN(rapid.IntRange(0, 2*exchangeRecords), 0, 5).Draw(t, "batches") {
			b := batch(make([]string, size)...)
			for i := range b.Records {
				b.Records[i].Timestamp = int64(next + i + 1)
			}
			if err := chain.Source(b); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "flush") && chain.Flush() != nil {
				t.Fatal("flush failed")
			}
		}
		if err := chain.Flush(); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for target, batches := range l.sent {
			got := receive(t, x, batches)
			seen += len(got)
			checkArrivals(t, got, target, parallelism)
		}
		if seen != next {
			t.Fatalf("%d of %d records arrived", seen, next)
		}
	})
}

func receive(t *rapid.T, x *Exchange[string, int], batches []Batch) (got []arrival) {
	task := NewTask(&lend(1).Env)
	exchange := x.Receive(task, func() Push[int] {
		return func(v int) error {
			got = append(got, arrival{*task.key.(*string), v, task.ts})
			return nil
		}
	})
	for _, b := range batches {
		if b.Len() == 0 || b.Len() > exchangeRecords {
			t.Fatalf("a batch of %d", b.Len())
		}
		if err := exchange.Batch(b); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func checkArrivals(t *rapid.T, got []arrival, target, parallelism int) {
	last := map[string]int{}
	for _, a := range got {
		group := state.KeyGroup([]byte(a.key), state.DefaultMaxParallelism)
		switch {
		case a.key != fmt.Sprint(a.value%10), a.ts != int64(a.value):
			t.Fatalf("%+v is mixed up", a)
		case state.TaskFor(group, parallelism, state.DefaultMaxParallelism) != target:
			t.Fatalf("%+v went to task %d", a, target)
		case last[a.key] >= a.value:
			t.Fatalf("%+v came after %d", a, last[a.key])
		}
		last[a.key] = a.value
	}
}

// Long keys make a batch full before it has its number of records.
func TestExchangeBoundsKeys(t *testing.T) {
	x := &Exchange[[]byte, int]{Key: func(int) []byte { return make([]byte, exchangeKeys/2) }, Codec: state.Bytes{}}
	l := lend(1)
	push := x.Send(NewTask(&l.Env))
	for i := range 4 {
		if err := push(i); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.sent[0]) != 2 || l.sent[0][0].Len() != 2 {
		t.Fatalf("sent %d batches", len(l.sent[0]))
	}
}

// So do records that were made of much input, and their share goes on with them.
func TestExchangeBoundsBytes(t *testing.T) {
	x := &Exchange[string, string]{Key: func(string) string { return "k" }, Codec: state.String{}}
	l := lend(1)
	task := NewTask(&l.Env)
	big := string(make([]byte, exchangeBytes/4))
	if err := Source(task, "s", value, x.Send(task))(batch(big, big, big, big, big, big, big, big, big, big)); err != nil {
		t.Fatal(err)
	}
	if len(l.sent[0]) != 2 {
		t.Fatalf("sent %d batches", len(l.sent[0]))
	}
	next := NewTask(&lend(1).Env)
	exchange := x.Receive(next, func() Push[string] { return Tee[string](nil) })
	for _, b := range l.sent[0] {
		if err := exchange.Batch(b); err != nil {
			t.Fatal(err)
		}
	}
	if next.bytes < exchangeBytes {
		t.Fatalf("%d bytes arrived", next.bytes)
	}
}

// Batches have as many records as the task behind is said to take at a time, in memory as through a topic.
func TestExchangeKeepsToPortions(t *testing.T) {
	const each, n = 3, 20
	portion := func(x, target int) int {
		if x != 7 || target != 0 {
			t.Errorf("asked for task %d behind exchange %d", target, x)
		}
		return each
	}
	all := func(*txn.Record) (string, error) { return "v", nil }
	key := func(v string) string { return v }
	t.Run("memory", func(t *testing.T) {
		l := lend(1)
		l.Portion = portion
		task := NewTask(&l.Env)
		x := &Exchange[string, string]{Number: 7, Key: key, Codec: state.String{}}
		chain := task.SourceChain(Source(task, "s", all, x.Send(task)))
		if err := errors.Join(chain.Source(batch(make([]string, n)...)), chain.Flush()); err != nil {
			t.Fatal(err)
		}
		for i, b := range l.sent[0] {
			if want := min(each, n-i*each); b.Len() != want {
				t.Errorf("batch %d has %d records, want %d", i, b.Len(), want)
			}
		}
	})
	t.Run("topic", func(t *testing.T) {
		l := lend(1)
		l.Portion, l.Topic = portion, func(int) string { return "repartition" }
		task := NewTask(&l.Env)
		x := &Exchange[string, string]{Number: 7, Key: key, Codec: state.String{}, Values: state.String{}}
		chain := task.SourceChain(Source(task, "s", all, x.Send(task)))
		if err := errors.Join(chain.Source(batch(make([]string, n)...)), chain.Flush()); err != nil {
			t.Fatal(err)
		}
		behind := NewTask(&lend(1).Env)
		in := behind.KeyedChain(map[int]Receiver{7: x.Receive(behind, func() Push[string] { return func(string) error { return nil } })})
		for i, r := range l.produced {
			before := in.Taken()
			if err := in.Topic(7, &txn.Batch{Records: []txn.Record{r}}); err != nil {
				t.Fatal(err)
			}
			if got, want := in.Taken()-before, min(each, n-i*each); got != want {
				t.Errorf("record %d carries %d, want %d", i, got, want)
			}
		}
		if in.Taken() != n {
			t.Errorf("%d of %d came through", in.Taken(), n)
		}
	})
}

// The encoded key is what state is kept under.
func TestExchangeSetsKey(t *testing.T) {
	x := &Exchange[int64, int64]{Key: func(v int64) int64 { return v % 3 }, Codec: state.Int64{}}
	from, to := lend(1), lendState(t)
	sender := NewTask(&from.Env)
	push := x.Send(sender)
	for v := range int64(9) {
		if err := push(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := sender.flush(); err != nil {
		t.Fatal(err)
	}
	total, err := state.NewValue(to.State, "sum", "sum", state.Int64{})
	if err != nil {
		t.Fatal(err)
	}
	task := NewTask(&to.Env)
	var sums []KV[int64, int64]
	exchange := x.Receive(task, func() Push[int64] {
		return Sum[int64](task, "sum", total, func(v int64) int64 { return v }, collect(&sums))
	})
	if err := exchange.Batch(from.sent[0][0]); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(sums); got != "[{0 0} {1 1} {2 2} {0 3} {1 5} {2 7} {0 9} {1 12} {2 15}]" {
		t.Fatal(got)
	}
	entries, err := to.State.Seal(1)
	if err != nil || len(entries) != 3 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		group, _, key, _, err := state.SplitKey(e.Key)
		if err != nil || group != state.KeyGroup(key, state.DefaultMaxParallelism) || binary.BigEndian.Uint64(key)^1<<63 > 2 {
			t.Fatalf("entry %x of group %d: %v", key, group, err)
		}
	}
}

// A batch that goes round must not keep alive what went through it.
func TestRecycledBatchIsEmpty(t *testing.T) {
	x := &Exchange[string, string]{}
	b := x.batch()
	b.records = append(b.records, keyed[string, string]{v: "v", k: "k"})
	x.recycle(b)
	if left := b.records[:1][0]; left.v != "" || left.k != "" || len(b.keys) != 0 {
		t.Fatalf("%+v", left)
	}
}
