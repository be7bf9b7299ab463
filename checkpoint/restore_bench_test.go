package checkpoint_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/internal/benchtest"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// BenchmarkRestoreDisk restores a base from a folder into a Pebble backend on the same disk. Values are JSON documents, of which
// little is left in a table, or can't be compressed; the base is read from the disk, or out of the kernel's memory. Beside it: as many bytes read and written by nothing but that.
func BenchmarkRestoreDisk(b *testing.B) {
	for _, kind := range []string{"json", "random"} {
		dir := b.TempDir()
		store, target := filepath.Join(dir, "store"), filepath.Join(dir, "state")
		r, base := diskBase(b, store, kind)
		for _, from := range []string{"disk", "cache"} {
			prepare := func(b *testing.B) {
				b.StopTimer()
				if from == "disk" {
					forget(b, store)
				}
				benchtest.RemoveBetween(b, target)
			}
			written := int64(0)
			b.Run(kind+"/"+from+"/restore", func(b *testing.B) {
				b.SetBytes(base.Size())
				defer benchtest.ReportCPU(b)()
				for b.Loop() {
					prepare(b)
					written = restoreInto(b, r, base, target)
				}
				b.ReportMetric(float64(written)/(1<<20), "written-MiB")
			})
			b.Run(kind+"/"+from+"/raw", func(b *testing.B) {
				b.SetBytes(base.Size())
				defer benchtest.ReportCPU(b)()
				for b.Loop() {
					prepare(b)
					rawCopy(b, store, target, max(written, 1))
				}
			})
		}
	}
}

// diskBase writes a base into a folder.
func diskBase(b *testing.B, dir, kind string) (*checkpoint.Repository, checkpoint.BaseRef) {
	b.Helper()
	r := mustRepo(b, "file://"+dir, "r1", checkpoint.Options{})
	random := rand.NewChaCha8([32]byte{})
	value := make([]byte, 100)
	base, err := r.WriteBase(b.Context(), checkpoint.MakeID("r1", 1), func(fn func(k, v []byte) bool) error {
		var key []byte
		for g := range 128 {
			for i := range *benchtest.Entries {
				key = state.AppendKey(key[:0], uint16(g), 1, fmt.Appendf(nil, "customer-%010d", i))
				if _, _ = random.Read(value); kind == "json" {
					value = fmt.Appendf(value[:0], `{"key":"user-%08d","value":%d,"createdAt":%d,"label":"UNCLASSIFIED","flags":[%d,%d]}`,
						i, i*7919%100_000, 1_700_000_000_000+i*31, i%7, g%5)
				}
				fn(key, value)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return r, base
}

// restoreInto restores the base into a new folder, and returns how much is there then.
func restoreInto(b *testing.B, r *checkpoint.Repository, base checkpoint.BaseRef, dir string) int64 {
	backend, err := pebble.Open(dir, pebble.Options{JobID: "job"})
	if err != nil {
		b.Fatal(err)
	}
	err = r.Restore(b.Context(), checkpoint.Plan{Target: checkpoint.MakeID("r1", 1), Full: true, Base: base}, backend)
	size := backend.Size()
	if err := errors.Join(err, backend.Close()); err != nil {
		b.Fatal(err)
	}
	return size
}

// rawCopy reads all files of a folder while it writes so many bytes into files of 64 MiB in another one, each synced.
func rawCopy(b *testing.B, from, to string, n int64) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 256<<10)
		err := eachFile(from, func(f *os.File) error {
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buf)
			return err
		})
		if err != nil {
			b.Error(err)
		}
	})
	piece := []byte(strings.Repeat("0123456789abcdef", 16<<10))
	for i := 0; n > 0; i++ {
		f, err := os.Create(filepath.Join(to, fmt.Sprint(i)))
		for left := min(n, 64<<20); left > 0 && err == nil; left -= int64(len(piece)) {
			_, err = f.Write(piece)
		}
		n -= 64 << 20
		if err == nil {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
}

// forget has the kernel forget what it has read of a folder's files.
func forget(b *testing.B, dir string) {
	b.Helper()
	err := eachFile(dir, func(f *os.File) error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) })
	if err != nil {
		b.Fatal(err)
	}
}

// eachFile opens all files of a folder, one after the other.
func eachFile(dir string, fn func(f *os.File) error) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(fn(f), f.Close())
	})
}
