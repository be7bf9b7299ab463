package jobs

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/benchtest"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// firing is the keyed stage of a job on Pebble: all that a timer at the end of a window costs but Kafka and the checkpoint store.
type firing struct {
	b       *testing.B
	backend *pebble.Backend
	reg     *state.Registry
	plan    *stream.Plan
	now     time.Time
	seq     uint64
	out     int

	source *operators.Chain
	keyed  []*operators.Chain
	stores []*state.Store
}

func (f *firing) must(err error) {
	if err != nil {
		f.b.Helper()
		f.b.Fatal(err)
	}
}

// open makes the tasks, as at a start.
func (f *firing) open() {
	f.keyed, f.stores = nil, nil
	for _, s := range f.plan.Stages {
		for task := range benchParallelism {
			e := &operators.Env{
				Task: task, Parallelism: benchParallelism, MaxParallelism: state.DefaultMaxParallelism, Now: func() time.Time { return f.now },
				Send:    func(x, target int, batch operators.Batch) error { return f.keyed[target].Exchange(x, batch) },
				Produce: func(records []txn.Record) error { f.out += len(records); return nil },
			}
			if s.Source == nil {
				e.State = state.NewStore(f.backend, f.reg, state.Options{CacheBytes: 64 << 20 / benchParallelism})
				f.stores = append(f.stores, e.State)
			}
			c, err := s.New(e)
			f.must(err)
			if s.Source != nil {
				f.source = c
				break
			}
			f.keyed = append(f.keyed, c)
		}
	}
}

// commit ends an epoch.
func (f *firing) commit() {
	f.seq++
	var runs [][]state.Entry
	for _, s := range f.stores {
		entries, err := s.Seal(f.seq)
		f.must(err)
		runs = append(runs, entries)
	}
	f.must(f.backend.Apply(state.Merge(runs...), fmt.Sprint(f.seq)))
	for _, s := range f.stores {
		s.Applied(f.seq)
	}
}

// fill lets every key have a window.
func (f *firing) fill(keys, perEpoch int) {
	batch := &txn.Batch{Partition: txn.Partition{Topic: "events"}}
	for i := 0; i < keys; {
		batch.Records = batch.Records[:0]
		for range min(benchBatch, keys-i) {
			// In no order, as keys come.
			n := i * 7919 % keys
			v := fmt.Appendf(nil, `{"key":"key-%07d","value":%d,"createdAt":1700000000%03d}`, n, n%1000, n%1000)
			batch.Records = append(batch.Records, txn.Record{Value: v, Timestamp: 1})
			i++
		}
		f.must(f.source.Source(batch))
		if i%perEpoch < benchBatch {
			f.must(f.source.Flush())
			f.commit()
		}
	}
	f.must(f.source.Flush())
	f.commit()
}

// fire fires all timers.
func (f *firing) fire(perEpoch int) {
	last := f.out
	for due := true; due; {
		due = false
		for _, c := range f.keyed {
			if at, ok := c.NextTick(); ok && at <= f.now.UnixMilli() {
				due = true
				f.must(c.Tick(f.now.UnixMilli()))
			}
		}
		if f.out-last >= perEpoch {
			last = f.out
			f.commit()
		}
	}
	for _, c := range f.keyed {
		f.must(c.Flush())
	}
	f.commit()
}

// BenchmarkFire fires the timers of a window that each key is in. It says what one costs, with all that comes of it in the background.
func BenchmarkFire(b *testing.B) {
	const keys, perEpoch = 1_000_000, 100_000
	for b.Loop() {
		b.StopTimer()
		backend, err := pebble.Open(b.TempDir(), pebble.Options{JobID: "bench", CacheBytes: 32 << 20})
		if err != nil {
			b.Fatal(err)
		}
		reg, _ := state.NewRegistry(nil)
		plan, err := build(b, "classify", Params{ClassifyWindow: time.Hour}).Plan()
		if err != nil {
			b.Fatal(err)
		}
		f := &firing{b: b, backend: backend, reg: reg, plan: plan, now: time.UnixMilli(1_800_000_000_000)}
		f.open()
		f.fill(keys, perEpoch)
		f.now = f.now.Add(2 * time.Hour)
		before := benchtest.CPU()
		b.StartTimer()
		f.fire(perEpoch)
		b.StopTimer()
		b.ReportMetric(float64(benchtest.CPU()-before)/keys, "cpu-ns/timer")
		if f.out != keys {
			b.Fatalf("%d outputs, want %d", f.out, keys)
		}
		if err := backend.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
