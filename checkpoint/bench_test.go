package checkpoint_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

func benchEntries(n int) []state.Entry {
	entries := make([]state.Entry, n)
	for i := range entries {
		entries[i] = put(fmt.Sprintf("\x00\x01\x00\x01\x0ckey%09d", i), "a value of twenty-three")
	}
	return entries
}

// BenchmarkPrepare is a whole checkpoint of so many entries of 40 bytes on disk, synced.
func BenchmarkPrepare(b *testing.B) {
	for _, n := range []int{0, 100, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := mustRepo(b, "file://"+b.TempDir(), "r1", checkpoint.Options{})
			entries := benchEntries(n)
			c := checkpoint.NewCollector(r)
			ctx := context.Background()
			var parent checkpoint.ID
			epoch := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				epoch++
				m, err := r.Prepare(ctx, checkpoint.Manifest{
					ID: checkpoint.MakeID("r1", epoch), Parent: parent, Sources: make([]checkpoint.SourcePosition, 8),
				}, entries)
				if err != nil {
					b.Fatal(err)
				}
				parent = m.ID
			}
			b.StopTimer()
			if _, err := c.Collect(ctx, parent, 1); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRestore streams a base of a million entries and 100 deltas of 10,000.
func BenchmarkRestore(b *testing.B) {
	ctx := context.Background()
	r := mustRepo(b, "mem://", "r1", checkpoint.Options{})
	first := checkpoint.MakeID("r1", 1)
	if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: first}, nil); err != nil {
		b.Fatal(err)
	}
	base, err := r.WriteBase(ctx, first, func(fn func(k, v []byte) bool) error {
		for _, e := range benchEntries(1_000_000) {
			fn(e.Key, e.Value)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	parent, bytes := first, base.Size()
	for epoch := uint64(2); epoch <= 101; epoch++ {
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", epoch), Parent: parent, Base: base}, benchEntries(10_000))
		if err != nil {
			b.Fatal(err)
		}
		parent, bytes = m.ID, bytes+m.Delta.Size
	}
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		p, err := r.Plan(ctx, parent, "")
		if err != nil {
			b.Fatal(err)
		}
		s, err := r.Stream(ctx, p)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			_, ok, err := s.Next()
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			n++
		}
		if err := s.Close(); err != nil || n != 1_000_000 {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkCollect is what a commit pays when there is nothing to delete and the chain has 500 checkpoints.
func BenchmarkCollect(b *testing.B) {
	ctx := context.Background()
	r := mustRepo(b, "mem://", "r1", checkpoint.Options{})
	var parent checkpoint.ID
	for epoch := uint64(1); epoch <= 500; epoch++ {
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", epoch), Parent: parent}, benchEntries(1))
		if err != nil {
			b.Fatal(err)
		}
		parent = m.ID
	}
	c := checkpoint.NewCollector(r)
	b.ReportAllocs()
	for b.Loop() {
		if p, err := c.Collect(ctx, parent, 1); err != nil || len(p.Delete) > 0 {
			b.Fatal(p, err)
		}
	}
}

// BenchmarkBaseStats over a chain of 500 checkpoints.
func BenchmarkBaseStats(b *testing.B) {
	ctx := context.Background()
	r := mustRepo(b, "mem://", "r1", checkpoint.Options{})
	var parent checkpoint.ID
	for epoch := uint64(1); epoch <= 500; epoch++ {
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", epoch), Parent: parent}, nil)
		if err != nil {
			b.Fatal(err)
		}
		parent = m.ID
	}
	for b.Loop() {
		if _, err := r.BaseStats(ctx, parent); err != nil {
			b.Fatal(err)
		}
	}
}
