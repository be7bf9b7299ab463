package pebble_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// A Get that begins after Apply, Load or Reset has returned sees what it wrote, though readers are kept from before.
func TestGetSeesEveryWrite(t *testing.T) {
	b := openOn(t, vfs.NewCrashableMem())
	key := func(i int) []byte { return state.AppendKey(nil, uint16(i%3), uint16(i%2), fmt.Append(nil, i)) }
	want := func(value string) {
		t.Helper()
		for i := range 50 { // more stretches of keys than one
			got, ok, err := b.Get(key(i), nil)
			if err != nil || ok != (value != "") || string(got) != value {
				t.Fatalf("key %d: %q, %v, %v; want %q", i, got, ok, err, value)
			}
		}
	}
	batch := func(value string) (entries []state.Entry) {
		for i := range 50 {
			entries = append(entries, state.Entry{Key: key(i), Value: []byte(value), Delete: value == ""})
		}
		return sorted(entries)
	}
	apply := func(value string) {
		if err := b.Apply(batch(value), "m"+value); err != nil {
			t.Fatal(err)
		}
		want(value)
	}
	want("")
	apply("1")
	apply("2")
	apply("")
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	apply("3")
	if err := b.Reset(); err != nil {
		t.Fatal(err)
	}
	want("")
	rest := batch("4")
	next := func() (block []state.Entry, err error) {
		block, rest = rest, nil
		return block, nil
	}
	if err := b.Load(next, "m4"); err != nil {
		t.Fatal(err)
	}
	want("4")
}

// Readers beside a writer never see less than was written when they began.
func TestGetBesideApply(t *testing.T) {
	b := openOn(t, vfs.NewCrashableMem())
	var done atomic.Int64
	var running sync.WaitGroup
	stop := make(chan struct{})
	for g := range 4 {
		running.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				least := done.Load()
				got, ok, err := b.Get(state.AppendKey(nil, uint16(g), 1, fmt.Append(nil, i%20)), nil)
				n, _ := strconv.ParseInt(string(got), 10, 64)
				if err != nil || ok != (n > 0) || n < least {
					t.Errorf("%q, %v, %v after write %d", got, ok, err, least)
					return
				}
			}
		})
	}
	for n := range int64(300) {
		var entries []state.Entry
		for g := range 4 {
			for i := range 20 {
				entries = append(entries, state.Entry{Key: state.AppendKey(nil, uint16(g), 1, fmt.Append(nil, i)), Value: fmt.Append(nil, n+1)})
			}
		}
		if err := b.Apply(sorted(entries), fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
		done.Store(n + 1)
	}
	close(stop)
	running.Wait()
}

func sorted(entries []state.Entry) []state.Entry {
	slices.SortFunc(entries, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return entries
}

// Reads in any order, of keys that are there and of others, find what a map has.
func TestGetInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := pebble.Open(dir, pebble.Options{JobID: "count", FS: vfs.NewMem(), Logger: quiet, MemTableBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		key := func(i int) []byte { return state.AppendKey(nil, uint16(i/100), 1, fmt.Appendf(nil, "%03d", i)) }
		want := map[int]string{}
		for n := range rapid.IntRange(1, 3).Draw(t, "writes") {
			changes := rapid.MapOf(rapid.IntRange(0, 299), rapid.SampledFrom([]string{"", "x", "yy"})).Draw(t, "changes")
			if rapid.Bool().Draw(t, "many") {
				for i := range 300 {
					if _, ok := changes[i]; !ok {
						changes[i] = fmt.Sprint(n)
					}
				}
			}
			var batch []state.Entry
			for i, v := range changes {
				batch = append(batch, state.Entry{Key: key(i), Value: []byte(v), Delete: v == ""})
				want[i] = v
			}
			if err := b.Apply(sorted(batch), "m"); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "flush") {
				if err := b.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			for range rapid.IntRange(1, 5).Draw(t, "walks") {
				at, step := rapid.IntRange(0, 299).Draw(t, "from"), rapid.SampledFrom([]int{1, 1, 1, 2, 3, 5, 7, -1}).Draw(t, "step")
				for ; at >= 0 && at < 300; at += step {
					got, ok, err := b.Get(key(at), nil)
					if err != nil || string(got) != want[at] || ok != (want[at] != "") {
						t.Fatalf("key %d: %q, %v, %v; want %q", at, got, ok, err, want[at])
					}
				}
			}
		}
	})
}
