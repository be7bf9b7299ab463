package snapshot_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/internal/benchtest"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// filled is a Pebble backend with benchtest.Entries entries. Their values can be compressed well, or not at all.
func filled(b *testing.B, random bool) *pebble.Backend {
	b.Helper()
	backend, err := pebble.Open(b.TempDir(), pebble.Options{JobID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = backend.Close() })
	value := make([]byte, 100)
	for i := range value {
		value[i] = byte(i * 7)
	}
	source := rand.NewChaCha8([32]byte{})
	group, i := uint16(0), 0
	err = backend.Load(state.InBlocks(func() (state.Entry, bool, error) {
		if i == *benchtest.Entries {
			group, i = group+1, 0
		}
		i++
		if random {
			value = make([]byte, 100)
			_, _ = source.Read(value)
		}
		key := state.AppendKey(nil, group, 1, fmt.Appendf(nil, "customer-%010d", i))
		return state.Entry{Key: key, Value: value}, group < 128, nil
	}), "r1-000000000001")
	if err != nil {
		b.Fatal(err)
	}
	return backend
}

// BenchmarkFill writes a savepoint of a Pebble backend into a folder.
func BenchmarkFill(b *testing.B) {
	b.Run("compressible", func(b *testing.B) { benchFill(b, false) })
	b.Run("random", func(b *testing.B) { benchFill(b, true) })
}

func benchFill(b *testing.B, random bool) {
	backend, dir := filled(b, random), filepath.Join(b.TempDir(), "one")
	defer benchtest.ReportCPU(b)()
	for b.Loop() {
		w, err := snapshot.CreateURL(ctx, "file://"+dir, header())
		if err == nil {
			err = w.Fill(backend, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		h, err := w.Commit(ctx)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(h.Size())
		benchtest.RemoveBetween(b, dir)
	}
}

// BenchmarkScan reads one, as a restore does.
func BenchmarkScan(b *testing.B) {
	url := "file://" + b.TempDir() + "/one"
	w, err := snapshot.CreateURL(ctx, url, header())
	if err == nil {
		err = w.Fill(filled(b, false), nil)
	}
	if err == nil {
		_, err = w.Commit(ctx)
	}
	if err != nil {
		b.Fatal(err)
	}
	sp, err := snapshot.OpenURL(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	h := sp.Header()
	b.SetBytes(h.Size())
	for b.Loop() {
		s, err := sp.Scan(ctx, 0, 127)
		if err != nil {
			b.Fatal(err)
		}
		n := uint64(0)
		for ok := true; ok; n++ {
			if _, ok, err = s.Next(); err != nil {
				b.Fatal(err)
			}
		}
		if s.Close() != nil || n-1 != h.Entries() {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(h.Entries())*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkRawDisk writes as many bytes as BenchmarkFill, four files of 64 MiB side by side, each synced: what the disk can do.
func BenchmarkRawDisk(b *testing.B) {
	dir, piece := filepath.Join(b.TempDir(), "raw"), make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(piece) // zeros are no work for some disks
	const files, pieces = 5, 1024
	b.SetBytes(files * pieces * int64(len(piece)))
	defer benchtest.ReportCPU(b)()
	for b.Loop() {
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range files {
			wg.Go(func() {
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
				for range pieces {
					if err == nil {
						_, err = f.Write(piece)
					}
				}
				if err == nil {
					err = f.Sync()
				}
				if err != nil {
					b.Error(err)
				}
				_ = f.Close()
			})
		}
		wg.Wait()
		benchtest.RemoveBetween(b, dir)
	}
}
