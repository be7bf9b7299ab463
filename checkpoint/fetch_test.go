package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

// TestFetch reads files of all sizes side by side in a window that is too small for them; everything comes, in order, and all room is given back.
func TestFetch(t *testing.T) {
	s := memstore.Open("")
	old := restores
	restores = newWindow(3)
	defer func() { restores = old }()
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
			f := newFetch(t.Context(), restores, s, name)
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
	if restores.free != 3 {
		t.Errorf("%d chunks are free, want 3", restores.free)
	}
}

// TestFoldReadsLittleAhead: a fold that merges many large changes holds no more than two chunks of each, since a job is at work beside it, whose memory limit
// doesn't know of them.
func TestFoldReadsLittleAhead(t *testing.T) {
	room := restores.free
	s := &duringWrite{Store: memstore.Open("")}
	r, err := NewRepository(s, "job", "r1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var base BaseRef
	for n := uint64(1); n <= maxChanges+1; n++ {
		id := MakeID("r1", n)
		value := make([]byte, 3*chunkBytes)
		_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(value)
		var entries []state.Entry
		for i := 0; i < len(value); i += 1 << 10 {
			entries = append(entries, state.Entry{Key: fmt.Appendf(nil, "key%09d", i), Value: value[i : i+1<<10]})
		}
		if _, err := r.Prepare(t.Context(), Manifest{ID: id, Parent: base.At, Base: base}, entries); err != nil {
			t.Fatal(err)
		}
		s.call = func() {
			restores.mu.Lock()
			defer restores.mu.Unlock()
			if restores.free != room {
				t.Errorf("fold %d has %d chunks of the window that is for restores", n, room-restores.free)
			}
		}
		if base, err = r.Fold(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		s.call = nil
	}
	if n := len(base.Changes); n >= maxChanges {
		t.Errorf("%d changes: nothing was merged", n)
	}
}

// duringWrite calls call, if there is one, at each piece of what is put.
type duringWrite struct {
	Store
	call func()
}

func (s *duringWrite) Put(ctx context.Context, name string, write func(w io.Writer) error) error {
	call := s.call
	return s.Store.Put(ctx, name, func(w io.Writer) error {
		return write(writerFunc(func(p []byte) (int, error) {
			if call != nil {
				call()
			}
			return w.Write(p)
		}))
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestFetchIsClosed early, at any point: nothing goes on, and all room is given back.
func TestFetchIsClosed(t *testing.T) {
	s := memstore.Open("")
	old := restores
	restores = newWindow(2)
	defer func() { restores = old }()
	if err := storetest.Put(s, "a", make([]byte, 9*chunkBytes)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 3 * chunkBytes} {
		first, second := newFetch(t.Context(), restores, s, "a"), newFetch(t.Context(), restores, s, "a")
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
		if restores.free != 2 {
			t.Errorf("%d chunks are free, want 2", restores.free)
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
		f := newFetch(test.ctx(), restores, test.s, test.file)
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
