package statetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirstream/weir/state"
)

func testSnapshot(t *testing.T, b state.Backend) {
	first := batch(set(0, "a", "1"), set(0, "b", "2"))
	must(t, b.Apply(first, "m1"))
	s, err := b.Snapshot()
	must(t, err)
	must(t, b.Apply(batch(set(0, "a", "changed"), del(0, "b"), set(0, "c", "new")), "m2"))
	if s.Marker() != "m1" {
		t.Errorf("marker of the snapshot: %q", s.Marker())
	}
	wantDump(t, s, first)
	if got := dump(t, s, first[1].Key, nil); len(got) != 1 {
		t.Errorf("from b on: %q", got)
	}
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Scan(nil, nil, func(_, _ []byte) bool { return true }); !errors.Is(err, state.ErrClosed) {
		t.Errorf("Scan of a closed snapshot: %v, want ErrClosed", err)
	}
	wantDump(t, b, batch(set(0, "a", "changed"), set(0, "c", "new")))
}

func testSnapshotOutlivesChanges(t *testing.T, b state.Backend) {
	first := batch(set(0, "a", "1"), set(0, "b", "2"))
	must(t, b.Apply(first, "m1"))
	s, err := b.Snapshot()
	must(t, err)
	defer s.Close()
	must(t, b.Reset())
	must(t, b.Load(source(batch(set(0, "a", "other"))), "m9"))
	must(t, b.Flush())
	wantDump(t, s, first)
	wantGet(t, b, key(0, "a"), "other")
}

func testLoad(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "old"), set(5, "gone", "x")), "m1"))
	fresh := batch(set(0, "a", "new"), set(1, "b", ""), set(2, "c", "3"))
	must(t, b.Load(source(fresh), "savepoint-1"))
	wantDump(t, b, fresh)
	wantMarker(t, b, "savepoint-1")
	must(t, b.Apply(batch(set(0, "a", "newer")), "m2"))
	wantGet(t, b, key(0, "a"), "newer")
	must(t, b.Load(source(nil), "nothing"))
	wantDump(t, b, nil)
	wantMarker(t, b, "nothing")
}

func testLoadFails(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "old")), "m1"))
	broken := errors.New("the store went away")
	n := 0
	err := b.Load(func() ([]state.Entry, error) {
		if n++; n > 3 {
			return nil, broken
		}
		return []state.Entry{set(uint16(n), "k", "v")}, nil
	}, "m2")
	if !errors.Is(err, broken) {
		t.Fatalf("Load = %v, want the source's error", err)
	}
	if m, err := b.Marker(); err != nil || m == "m2" {
		t.Fatalf("a load that failed left marker %q, %v", m, err)
	}
	must(t, b.Load(source(batch(set(0, "a", "good"))), "m3"))
	wantDump(t, b, batch(set(0, "a", "good")))
}

func testLoadMuch(t *testing.T, b state.Backend) {
	const groups, each, size = 16, 200, 4096
	value := strings.Repeat("v", size)
	n := 0
	must(t, b.Load(state.InBlocks(func() (state.Entry, bool, error) {
		if n == groups*each {
			return state.Entry{}, false, nil
		}
		e := set(uint16(n/each), fmt.Sprintf("%06d", n), value)
		n++
		return e, true, nil
	}), "m"))
	if got := dump(t, b, nil, nil); len(got) != groups*each {
		t.Errorf("%d entries, want %d", len(got), groups*each)
	}
	wantMarker(t, b, "m")
}

func testReset(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "1"), set(state.MaxParallelismLimit-1, "\xff", "2")), "m1"))
	must(t, b.Flush())
	must(t, b.Reset())
	wantDump(t, b, nil)
	wantMarker(t, b, "")
	must(t, b.Apply(batch(set(0, "b", "1")), "m2"))
	wantDump(t, b, batch(set(0, "b", "1")))
}

// testConcurrent has readers check, while one goroutine applies, that each view they get is of one moment: all keys at the same value.
func testConcurrent(t *testing.T, b state.Backend) {
	const keys, rounds, readers = 50, 60, 3
	round := func(n int) (all []state.Entry) {
		for i := range keys {
			all = append(all, set(uint16(i), "k", fmt.Sprint(n)))
		}
		return all
	}
	must(t, b.Apply(round(0), "0"))
	var (
		wg   sync.WaitGroup
		done atomic.Bool
	)
	for range readers {
		wg.Go(func() {
			for !done.Load() {
				if err := readOnce(b, keys); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := 1; n <= rounds; n++ {
		must(t, b.Apply(round(n), fmt.Sprint(n)))
		wantGet(t, b, key(7, "k"), fmt.Sprint(n))
	}
	done.Store(true)
	wg.Wait()
}

func readOnce(b state.Backend, keys int) error {
	s, err := b.Snapshot()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := sameEverywhere(s, s.Marker(), keys); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := sameEverywhere(b, "", keys); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if _, ok, err := b.Get(key(3, "k"), nil); err != nil || !ok {
		return fmt.Errorf("get: %v, %w", ok, err)
	}
	return nil
}

func sameEverywhere(s scanner, want string, keys int) error {
	n, differ := 0, ""
	err := s.Scan(nil, nil, func(_, v []byte) bool {
		if n++; want == "" {
			want = string(v)
		}
		if want != string(v) {
			differ = string(v)
		}
		return true
	})
	if err != nil || differ != "" || n != keys {
		return fmt.Errorf("%d keys of %d, value %q beside %q: %w", n, keys, differ, want, err)
	}
	return nil
}

func testClosed(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "1")), "m"))
	must(t, b.Close())
	must(t, b.Close())
	check := func(what string, err error) {
		if !errors.Is(err, state.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", what, err)
		}
	}
	_, _, err := b.Get(key(0, "a"), nil)
	check("Get", err)
	check("Scan", b.Scan(nil, nil, func(_, _ []byte) bool { return true }))
	check("Apply", b.Apply(nil, "m"))
	_, err = b.Marker()
	check("Marker", err)
	_, err = b.Snapshot()
	check("Snapshot", err)
	check("Load", b.Load(source(nil), "m"))
	check("Reset", b.Reset())
	check("Flush", b.Flush())
	b.Size()
}
