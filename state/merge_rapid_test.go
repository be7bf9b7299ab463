package state_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
)

// TestMergeAgainstMap compares with a map that takes the runs one after the other.
func TestMergeAgainstMap(t *testing.T) {
	run := rapid.Custom(func(t *rapid.T) []state.Entry {
		m := rapid.MapOf(rapid.StringMatching(`[a-e]{1,2}`), rapid.String()).Draw(t, "run")
		var out []state.Entry
		for k, v := range m {
			out = append(out, state.Entry{Key: []byte(k), Value: []byte(v), Delete: v == ""})
		}
		slices.SortFunc(out, func(a, b state.Entry) int { return cmp.Compare(string(a.Key), string(b.Key)) })
		return out
	})
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.SliceOf(run).Draw(t, "runs")
		want := map[string]string{}
		for _, r := range runs {
			for _, e := range r {
				want[string(e.Key)] = string(e.Value)
			}
		}
		got := map[string]string{}
		merged := state.Merge(runs...)
		for i, e := range merged {
			if i > 0 && string(merged[i-1].Key) >= string(e.Key) {
				t.Fatalf("%q is not behind %q", e.Key, merged[i-1].Key)
			}
			got[string(e.Key)] = string(e.Value)
		}
		if !maps.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
