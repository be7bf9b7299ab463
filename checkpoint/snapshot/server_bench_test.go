//go:build integration

package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/internal/benchtest"
	"github.com/weirstream/weir/internal/objecttest"
	"github.com/weirstream/weir/state/pebble"
)

// BenchmarkServer writes a savepoint of a Pebble backend to an S3 server on this machine, and restores it into another backend; beside them files of the same sizes, sent and
// fetched by the same client, as many side by side.
func BenchmarkServer(b *testing.B) {
	server := objecttest.S3(b)
	s, err := checkpoint.OpenStore(server.URL("bench"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	backend := filled(b, false)
	h := fillStore(b, s, backend)
	raw := make([]byte, 64<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(raw)
	run := func(name string, round func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(h.Size())
			defer benchtest.ReportCPU(b)()
			for b.Loop() {
				round(b)
			}
		})
	}
	run("savepoint", func(b *testing.B) {
		b.StopTimer()
		if err := snapshot.Delete(ctx, s, path); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		h = fillStore(b, s, backend)
	})
	run("upload", func(b *testing.B) {
		sideBySide(b, h, func(f snapshot.File) error {
			return s.Put(ctx, "raw/"+f.Name, func(w io.Writer) error {
				_, err := w.Write(raw[:min(f.Size, int64(len(raw)))])
				return err
			})
		})
	})
	run("restore", func(b *testing.B) { restore(b, s) })
	run("download", func(b *testing.B) {
		sideBySide(b, h, func(f snapshot.File) error {
			rc, err := s.Get(ctx, path+"/"+f.Name)
			if err != nil {
				return err
			}
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{rc}, make([]byte, 512<<10))
			return errors.Join(err, rc.Close())
		})
	})
}

func fillStore(b *testing.B, s store.Store, from snapshot.Scanner) snapshot.Header {
	w, err := snapshot.Create(ctx, s, path, header())
	if err == nil {
		err = w.Fill(from, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	h, err := w.Commit(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func restore(b *testing.B, s store.Store) {
	sp, err := snapshot.Open(ctx, s, path)
	if err != nil {
		b.Fatal(err)
	}
	stream, err := sp.Scan(ctx, 0, 127)
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), fmt.Sprint(rand.Uint64()))
	to, err := pebble.Open(dir, pebble.Options{JobID: "bench"})
	if err == nil {
		err = errors.Join(to.Load(stream.Block, "r1-000000000001"), to.Close())
	}
	if err := errors.Join(err, stream.Close()); err != nil {
		b.Fatal(err)
	}
	benchtest.RemoveBetween(b, dir)
}

// sideBySide calls fn for each file of a savepoint, four at a time.
func sideBySide(b *testing.B, h snapshot.Header, fn func(f snapshot.File) error) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, f := range h.Files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := fn(f); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}
