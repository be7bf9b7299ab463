package snapshot_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// TestFailAtEveryStoreOperation fails the i-th operation of a creation for every i, in every way, once and for good (as when the process is
// killed there). The savepoint is whole or absent; what is left can be deleted, and the name used again.
func TestFailAtEveryStoreOperation(t *testing.T) {
	snapshot.FileSizeForTest(t, 150)
	want := numbered(5, 1, 2, 70)
	for _, crash := range []bool{false, true} {
		for _, mode := range storetest.Modes {
			t.Run(fmt.Sprintf("%s,crash=%v", mode, crash), func(t *testing.T) {
				for i := 0; ; i++ {
					raw := memstore.Open("")
					s := storetest.NewInjector(raw, i, mode, crash)
					_, err := write(s, path, want[:6], want[6:])
					if !s.Fired() {
						t.Logf("%d operations", i)
						return
					}
					when := fmt.Sprintf("operation %d of %q", i, s.Trace())
					if err != nil && !errors.Is(err, storetest.ErrInjected) {
						t.Fatalf("%s: error %v hides its cause", when, err)
					}
					got, rerr := read(raw, path, 0, 127)
					if exists := rerr == nil; exists && !same(got, want) || !exists && (!errors.Is(rerr, store.ErrNotExist) || err == nil) {
						t.Fatalf("%s: %v; read %v, %v", when, err, got, rerr)
					}
					if left := names(t, raw); !crash && err != nil && len(left) > 0 {
						t.Fatalf("%s: left %q", when, left)
					}
					if err := snapshot.Delete(ctx, raw, path); err != nil && !errors.Is(err, store.ErrNotExist) {
						t.Fatalf("%s: %v", when, err)
					}
					if left := names(t, raw); len(left) > 0 {
						t.Fatalf("%s: after a delete there is %q", when, left)
					}
					mustWrite(t, raw, path, want)
				}
			})
		}
	}
}

// TestFailEveryRead: it says so, and yields nothing wrong.
func TestFailEveryRead(t *testing.T) {
	snapshot.FileSizeForTest(t, 150)
	raw := memstore.Open("")
	want := numbered(5, 1, 2, 70)
	mustWrite(t, raw, path, want)
	for _, mode := range storetest.Modes {
		for i := 0; ; i++ {
			s := storetest.NewInjector(raw, i, mode, false)
			got, err := read(s, path, 0, 127)
			if !s.Fired() {
				if err != nil || !same(got, want) {
					t.Fatal(got, err)
				}
				break
			}
			if !errors.Is(err, storetest.ErrInjected) || !same(got, want[:len(got)]) {
				t.Fatalf("%s operation %d of %q: %v, error %v", mode, i, s.Trace(), got, err)
			}
		}
	}
}

// TestFailEveryDelete: what is deleted halfway does not exist, and can be deleted again.
func TestFailEveryDelete(t *testing.T) {
	for _, mode := range storetest.Modes {
		for i := 0; ; i++ {
			raw := memstore.Open("")
			mustWrite(t, raw, path, numbered(5, 1), numbered(5, 2))
			s := storetest.NewInjector(raw, i, mode, false)
			err := snapshot.Delete(ctx, s, path)
			if !s.Fired() {
				break
			}
			if !errors.Is(err, storetest.ErrInjected) {
				t.Fatalf("operation %d: %v", i, err)
			}
			if _, err := read(raw, path, 0, 127); err != nil && !errors.Is(err, store.ErrNotExist) {
				t.Fatalf("operation %d: %v", i, err)
			}
			if err := snapshot.Delete(ctx, raw, path); err != nil && !errors.Is(err, store.ErrNotExist) || len(names(t, raw)) > 0 {
				t.Fatalf("operation %d: %v", i, err)
			}
		}
	}
}
