package entrysort_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/state"
)

func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "")
	s, _ := entrysort.New(ctx, filepath.Join(dir, "sort"), 0)
	for _, key := range []string{"c", "a", "b"} {
		_ = s.Add([]byte(key), []byte("value of "+key))
	}
	next, _ := s.Sorted()
	for block, _ := next(); len(block) > 0; block, _ = next() {
		for _, e := range block {
			fmt.Printf("%s: %s\n", e.Key, e.Value)
		}
	}
	fmt.Println(s.Close(), os.Remove(dir))
	// Output:
	// a: value of a
	// b: value of b
	// c: value of c
	// <nil> <nil>
}

// However often runs are written, merged and gone on with, what comes out is what went in: sorted, each key once, with the value that was added last. Only
// files that are still of use are left.
func TestSorts(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "sort")
	rapid.Check(t, func(t *rapid.T) {
		memory, fanIn := rapid.IntRange(1, 1000).Draw(t, "memory"), rapid.IntRange(2, 4).Draw(t, "fan-in")
		s, err := entrysort.New(ctx, dir, memory)
		if err != nil {
			t.Fatal(err)
		}
		durable := rapid.Bool().Draw(t, "durable")
		if durable {
			s = entrysort.Resume(ctx, dir, memory, entrysort.Files{})
		}
		s.SetFanIn(fanIn)
		want := map[string]string{}
		for range rapid.IntRange(0, 60).Draw(t, "entries") {
			k, v := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "value")
			want[string(k)] = string(v)
			if err := s.Add(k, v); err != nil {
				t.Fatal(err)
			}
			clear(k)
			clear(v)
			if durable && rapid.IntRange(0, 9).Draw(t, "resume") == 0 {
				note(t, s)
				s = entrysort.Resume(ctx, dir, memory, s.Files())
				s.SetFanIn(fanIn)
			}
		}
		if durable {
			note(t, s)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != len(s.Files().Runs) {
			t.Fatalf("%d files for %d runs: %v", len(files), len(s.Files().Runs), err)
		}
		sorted, err := s.Sorted()
		if err != nil {
			t.Fatal(err)
		}
		next := sorted.Each()
		for _, k := range slices.Sorted(maps.Keys(want)) {
			e, ok, err := next()
			if err != nil || !ok || string(e.Key) != k || string(e.Value) != want[k] {
				t.Fatalf("got %+v, %v, %v, want key %x, value %x", e, ok, err, k, want[k])
			}
		}
		if _, ok, err := next(); ok || err != nil {
			t.Fatalf("more than went in: %v, %v", ok, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); os.IsNotExist(err) == durable {
			t.Fatalf("durable: %v, but the folder: %v", durable, err)
		}
	})
}

// note is what work that can be resumed does now and then.
func note(t *rapid.T, s *entrysort.Sorter) {
	if err := s.Spill(); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveMerged(); err != nil {
		t.Fatal(err)
	}
}

// Sorting ends when its context does.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := entrysort.New(ctx, filepath.Join(t.TempDir(), "sort"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3000 {
		if err := s.Add([]byte{byte(i >> 8), byte(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Spill(); err != nil {
		t.Fatal(err)
	}
	next, err := s.Sorted()
	cancel()
	for n := 1; err == nil && n > 0; {
		var block []state.Entry
		block, err = next()
		n = len(block)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What an earlier process left is removed; a damaged file is found.
func TestFolder(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "sort")
	left, err := entrysort.New(ctx, dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := left.Add([]byte{byte(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s, err := entrysort.New(ctx, dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for i := range 3 {
		if err := s.Add([]byte{byte(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "run-000000")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := s.Sorted()
	for n := 1; err == nil && n > 0; {
		var block []state.Entry
		block, err = next()
		n = len(block)
	}
	if err == nil {
		t.Error("the damage was not found")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := entrysort.New(ctx, filepath.Join(name, "x"), 0); err == nil {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkSort(b *testing.B) {
	ctx := context.Background()
	dir := filepath.Join(b.TempDir(), "sort")
	const n = 1 << 20
	b.SetBytes(n * 40)
	for b.Loop() {
		s, err := entrysort.New(ctx, dir, 16<<20)
		if err != nil {
			b.Fatal(err)
		}
		value := make([]byte, 16)
		for i := range n {
			key := state.AppendKey(nil, uint16(i*7919), 1, fmt.Appendf(nil, "key-%012d", i))
			if err := s.Add(key, value); err != nil {
				b.Fatal(err)
			}
		}
		next, err := s.Sorted()
		for n := 1; err == nil && n > 0; {
			var block []state.Entry
			block, err = next()
			n = len(block)
		}
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
