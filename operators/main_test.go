package operators

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/txn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lent is an Env that records what the chain does with it.
type lent struct {
	Env
	sent     map[int][]Batch // by target
	produced []txn.Record
	loads    []int // records of each call of Produce
}

func lend(parallelism int) *lent {
	l := &lent{sent: map[int][]Batch{}}
	l.Env = Env{
		Parallelism: parallelism, MaxParallelism: state.DefaultMaxParallelism,
		Now: func() time.Time { return time.UnixMilli(42) },
		Send: func(_, target int, b Batch) error {
			l.sent[target] = append(l.sent[target], b)
			return nil
		},
		Produce: func(r []txn.Record) error {
			l.produced = append(l.produced, r...)
			l.loads = append(l.loads, len(r))
			return nil
		},
	}
	return l
}

// lendState gives it keyed state.
func lendState(t testing.TB) *lent {
	t.Helper()
	reg, err := state.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	l := lend(1)
	l.State = state.NewStore(memory.New(), reg, state.Options{})
	return l
}

// batch holds a record for each value, with rising offsets from 100 and timestamps from 1000.
func batch(values ...string) *txn.Batch {
	b := &txn.Batch{Partition: txn.Partition{Topic: "in", ID: 3}}
	for i, v := range values {
		b.Records = append(b.Records, txn.Record{Value: []byte(v), Offset: int64(100 + i), Timestamp: int64(1000 + i)})
	}
	return b
}

func value(r *txn.Record) (string, error) { return string(r.Value), nil }

func writeString(v string, out *Output) error {
	out.Value = append(out.Buf(), v...)
	return nil
}

// collect is the end of a chain.
func collect[T any](into *[]T) Push[T] {
	return func(v T) error {
		*into = append(*into, v)
		return nil
	}
}
