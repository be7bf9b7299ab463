package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint/store"
)

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Put(ctx, "x", func(w io.Writer) error {
		cancel()
		_, err := io.WriteString(w, "late")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("put: error %v, want context.Canceled", err)
	}
	wantMissing(t, s, "x")
	mustPut(t, s, "y", "y")
	if _, err := s.Get(ctx, "y"); !errors.Is(err, context.Canceled) {
		t.Errorf("get: error %v, want context.Canceled", err)
	}
	if _, err := s.List(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("list: error %v, want context.Canceled", err)
	}
	if err := s.Delete(ctx, "y"); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: error %v, want context.Canceled", err)
	}
	wantGet(t, s, "y", "y")
}

// concurrentSame: one of them wins, whole.
func concurrentSame(t *testing.T, s store.Store) {
	const writers, size = 8, 100_000
	inParallel(writers, func(i int) {
		if err := Put(s, "same", []byte(strings.Repeat(string(rune('a'+i)), size))); err != nil {
			t.Error(err)
		}
	})
	got, err := Get(s, "same")
	if err != nil || len(got) != size || strings.Trim(string(got), string(got[:1])) != "" {
		t.Errorf("got %d bytes beginning with %.10q, %v; want %d equal ones", len(got), got, err, size)
	}
	wantList(t, s, "", "same")
}

func concurrentMix(t *testing.T, s store.Store) {
	const workers, rounds = 6, 10
	inParallel(workers, func(i int) {
		for j := range rounds {
			name := fmt.Sprintf("w%d/%d", i, j)
			if err := Put(s, name, []byte(name)); err != nil {
				t.Error(err)
			}
			if got, err := Get(s, name); err != nil || string(got) != name {
				t.Errorf("get %s: %q, %v", name, got, err)
			}
			if _, err := s.List(context.Background(), ""); err != nil {
				t.Error(err)
			}
			if err := s.Delete(context.Background(), name, "w/none"); err != nil {
				t.Error(err)
			}
		}
	})
	wantList(t, s, "")
}

// unseen: while a blob is being written, nobody sees any of it.
func unseen(t *testing.T, s store.Store) {
	mustPut(t, s, "there", "old")
	for name, before := range map[string]string{"there": "old", "folder/new": ""} {
		err := s.Put(context.Background(), name, func(w io.Writer) error {
			if _, err := io.WriteString(w, strings.Repeat("new", 100_000)); err != nil {
				return err
			}
			if before == "" {
				wantMissing(t, s, name)
			} else {
				wantGet(t, s, name, before)
			}
			wantList(t, s, name[:3], map[string][]string{"there": {"there"}}[name]...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantGet(t, s, name, strings.Repeat("new", 100_000))
	}
}

func inParallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
