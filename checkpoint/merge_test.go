package checkpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

func sourceOf(entries []state.Entry, err error) checkpoint.Next {
	return func() (state.Entry, bool, error) {
		if len(entries) == 0 {
			return state.Entry{}, false, err
		}
		e := entries[0]
		entries = entries[1:]
		return e, true, nil
	}
}

// TestMergeRapid compares with the definition: apply the sources, oldest first, to a map.
func TestMergeRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := newBackend()
		var sources []checkpoint.Next
		for i := range rapid.IntRange(0, 8).Draw(t, "sources") {
			keys := rapid.SliceOfNDistinct(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 0, 4, -1), 0, 20, rapid.ID[string]).Draw(t, "keys")
			slices.Sort(keys)
			var entries []state.Entry
			for _, k := range keys {
				if rapid.Bool().Draw(t, "delete") {
					entries = append(entries, del(k))
				} else {
					entries = append(entries, put(k, fmt.Sprint(i)))
				}
			}
			sources = append(sources, sourceOf(entries, nil))
			_ = want.Apply(entries, "")
		}
		got := newBackend()
		if err := got.Load(checkpoint.Merge(sources...), ""); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got.data, want.data) {
			t.Fatalf("got %v, want %v", got.data, want.data)
		}
	})
}

func TestMergeErrorIsFinal(t *testing.T) {
	mine := errors.New("mine")
	next := checkpoint.Merge(sourceOf([]state.Entry{put("a", "1"), put("c", "1")}, nil), sourceOf([]state.Entry{put("b", "2")}, mine))
	var keys []byte
	for {
		e, ok, err := next()
		if err == nil && ok {
			keys = append(keys, e.Key...)
			continue
		}
		if !errors.Is(err, mine) {
			t.Fatalf("error %v", err)
		}
		break
	}
	before := []byte("ab") // at most
	if _, ok, err := next(); ok || !errors.Is(err, mine) || !bytes.HasPrefix(before, keys) {
		t.Errorf("afterwards: %v, %v; keys before: %q", ok, err, keys)
	}
}
