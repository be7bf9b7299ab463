package savepoint

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// However often runs are written and merged, what comes out is sorted, each key once, with the value that was added last; and only the runs that
// are still of use are left.
func TestSorter(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "sort")
		if err != nil {
			rt.Fatal(err)
		}
		s := newSorter(dir, rapid.IntRange(1, 300).Draw(rt, "limit"))
		s.most = rapid.IntRange(2, 4).Draw(rt, "most")
		want := map[string]string{}
		for range rapid.IntRange(0, 60).Draw(rt, "n") {
			k, v := rapid.StringN(1, 20, 20).Draw(rt, "key"), rapid.StringN(0, 5, 10).Draw(rt, "value")
			want[k] = v
			if err := s.add([]byte(k), []byte(v)); err != nil {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "compact") {
				compact(rt, s)
			}
		}
		if err := s.spill(); err != nil {
			rt.Fatal(err)
		}
		compact(rt, s)
		m, err := s.open(ctx, s.runs)
		if err != nil {
			rt.Fatal(err)
		}
		defer m.close()
		keys := []string{}
		for {
			e, ok, err := m.next()
			if err != nil {
				rt.Fatal(err)
			}
			if !ok {
				break
			}
			if keys = append(keys, string(e.Key)); string(e.Value) != want[string(e.Key)] {
				rt.Fatalf("%q is %q, want %q", e.Key, e.Value, want[string(e.Key)])
			}
		}
		if all := slices.AppendSeq([]string{}, maps.Keys(want)); !slices.Equal(keys, slices.Sorted(slices.Values(all))) {
			rt.Fatalf("got keys %q, want %q", keys, all)
		}
		if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != len(s.runs) {
			rt.Fatalf("%d files for %d runs: %v", len(files), len(s.runs), err)
		}
	})
}

func compact(t *rapid.T, s *sorter) {
	old, err := s.compact(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := (&work{dir: s.dir}).remove(old); err != nil {
		t.Fatal(err)
	}
}
