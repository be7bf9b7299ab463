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

	"github.com/weirstream/weir/state"
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
	next := func() (e state.Entry, ok bool, err error) {
		if len(rest) > 0 {
			e, ok, rest = rest[0], true, rest[1:]
		}
		return e, ok, nil
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
