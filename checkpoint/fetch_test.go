package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// TestFetch reads files of all sizes side by side in a window that is too small for them; everything comes, in order, and all room is given back.
func TestFetch(t *testing.T) {
	s := memstore.Open("")
	old := fetches
	fetches = newWindow(3)
	defer func() { fetches = old }()
	sizes := []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 9 * chunkBytes, 5*chunkBytes + 7}
	var wg sync.WaitGroup
	for i, n := range sizes {
		data := make([]byte, n)
		rng := rand.NewChaCha8([32]byte{byte(i)})
		_, _ = rng.Read(data)
		name := string(rune('a' + i))
		if err := storetest.Put(s, name, data); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			f := newFetch(t.Context(), s, name)
			got, err := io.ReadAll(iotest.HalfReader(f))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: got %d, %v", n, len(got), err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fetches.free != 3 {
		t.Errorf("%d chunks are free, want 3", fetches.free)
	}
}

// TestFetchIsClosed early, at any point: nothing goes on, and all room is given back.
func TestFetchIsClosed(t *testing.T) {
	s := memstore.Open("")
	old := fetches
	fetches = newWindow(2)
	defer func() { fetches = old }()
	if err := storetest.Put(s, "a", make([]byte, 9*chunkBytes)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 3 * chunkBytes} {
		first, second := newFetch(t.Context(), s, "a"), newFetch(t.Context(), s, "a")
		if _, err := io.CopyN(io.Discard, second, int64(n)); err != nil {
			t.Error(err)
		}
		for _, f := range []*fetch{second, first} {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if _, err := f.Read(make([]byte, 1)); err == nil {
				t.Error("it can be read after Close")
			}
		}
		if fetches.free != 2 {
			t.Errorf("%d chunks are free, want 2", fetches.free)
		}
	}
}

// TestFetchFails: what the store says comes from Read.
func TestFetchFails(t *testing.T) {
	raw := memstore.Open("")
	if err := storetest.Put(raw, "a", make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		s    Store
		file string
		ctx  func() context.Context
		want error
	}{
		"missing":  {raw, "b", t.Context, ErrNotExist},
		"breaks":   {storetest.NewInjector(raw, 0, storetest.Halfway, false), "a", t.Context, storetest.ErrInjected},
		"canceled": {raw, "a", func() context.Context { ctx, cancel := context.WithCancel(t.Context()); cancel(); return ctx }, context.Canceled},
	} {
		f := newFetch(test.ctx(), test.s, test.file)
		for range 2 {
			if _, err := io.ReadAll(f); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
