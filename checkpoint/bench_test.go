package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
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

// far is a store from which each connection gets 50 MB/s, after 20 ms.
type far struct{ checkpoint.Store }

func (f far) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	time.Sleep(20 * time.Millisecond)
	rc, err := f.Store.Get(ctx, name)
	return slow{rc}, err
}

func (f far) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	time.Sleep(20 * time.Millisecond)
	return f.Store.Put(ctx, name, func(w io.Writer) error { return write(slowWriter{w}) })
}

const farRate = 50e6

type slow struct{ io.ReadCloser }

func (s slow) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	time.Sleep(time.Duration(float64(n) / farRate * float64(time.Second)))
	return n, err
}

type slowWriter struct{ io.Writer }

func (s slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(float64(len(p)) / farRate * float64(time.Second)))
	return s.Writer.Write(p)
}

// BenchmarkFarAway writes a base of 128 MiB to a store that is far away, with one scan and with four, and restores it.
func BenchmarkFarAway(b *testing.B) {
	const n = 1_000_000
	value := bytes.Repeat([]byte("0123456789"), 12)
	scan := func(from, to int) checkpoint.Scan {
		return func(fn func(k, v []byte) bool) error {
			for i := from; i < to; i++ {
				fn(fmt.Appendf(nil, "key%09d", i), value)
			}
			return nil
		}
	}
	r, err := checkpoint.NewRepository(far{memstore.Open("")}, "job", "r1", checkpoint.Options{BaseFileSize: 16 << 20})
	if err != nil {
		b.Fatal(err)
	}
	at := checkpoint.MakeID("r1", 1)
	var base checkpoint.BaseRef
	for name, scans := range map[string][]checkpoint.Scan{
		"write-1": {scan(0, n)}, "write-4": {scan(0, n/4), scan(n/4, n/2), scan(n/2, n/4*3), scan(n/4*3, n)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if base, err = r.WriteBase(b.Context(), at, scans...); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(base.Size())
			}
		})
	}
	b.Run("restore", func(b *testing.B) {
		b.SetBytes(base.Size())
		for b.Loop() {
			s, err := r.Stream(b.Context(), checkpoint.Plan{Target: at, Full: true, Base: base})
			if err != nil {
				b.Fatal(err)
			}
			for ok := true; ok && err == nil; {
				_, ok, err = s.Next()
			}
			if err := errors.Join(err, s.Close()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
