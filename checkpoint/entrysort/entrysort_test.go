package entrysort_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/state"
)

func Example() {
	dir, _ := os.MkdirTemp("", "")
	s, _ := entrysort.New(filepath.Join(dir, "sort"), 0)
	for _, key := range []string{"c", "a", "b"} {
		_ = s.Add([]byte(key), []byte("value of "+key))
	}
	next, _ := s.Sorted()
	for e, ok, _ := next(); ok; e, ok, _ = next() {
		fmt.Printf("%s: %s\n", e.Key, e.Value)
	}
	fmt.Println(s.Close(), os.Remove(dir))
	// Output:
	// a: value of a
	// b: value of b
	// c: value of c
	// <nil> <nil>
}

// Whatever the order and the budget, what comes out is what went in, sorted.
func TestSorts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sort")
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 1, 6), 0, 400, func(b []byte) string { return string(b) }).Draw(t, "keys")
		s, err := entrysort.New(dir, rapid.Int64Range(1, 5000).Draw(t, "budget"))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			reused := bytes.Clone(k)
			if err := s.Add(reused, append([]byte("v"), k...)); err != nil {
				t.Fatal(err)
			}
			clear(reused)
		}
		next, err := s.Sorted()
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(keys, bytes.Compare)
		for _, k := range keys {
			e, ok, err := next()
			if err != nil || !ok || !bytes.Equal(e.Key, k) || string(e.Value) != "v"+string(k) {
				t.Fatalf("got %+v, %v, %v, want key %x", e, ok, err, k)
			}
		}
		if _, ok, err := next(); ok || err != nil {
			t.Fatalf("more than went in: %v, %v", ok, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Fatalf("something is left: %v", err)
		}
	})
}

// What an earlier process left is removed; a damaged file is found.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sort")
	left, err := entrysort.New(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := left.Add([]byte{byte(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s, err := entrysort.New(dir, 1)
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
	for ok := true; err == nil && ok; {
		_, ok, err = next()
	}
	if err == nil {
		t.Error("the damage was not found")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := entrysort.New(filepath.Join(name, "x"), 0); err == nil {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkSort(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "sort")
	const n = 1 << 20
	b.SetBytes(n * 40)
	for b.Loop() {
		s, err := entrysort.New(dir, 16<<20)
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
		for ok := true; err == nil && ok; {
			_, ok, err = next()
		}
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
