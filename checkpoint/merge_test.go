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

// sourceOf has so many entries in a block, and then perhaps an error.
func sourceOf(entries []state.Entry, size int, err error) state.Blocks {
	return func() (block []state.Entry, _ error) {
		if len(entries) == 0 {
			return nil, err
		}
		n := min(size, len(entries))
		block, entries = entries[:n], entries[n:]
		return block, nil
	}
}

// TestMergeRapid compares with the definition: apply the sources, oldest first, to a map. Some keys are alone, others in ranges that make whole blocks.
func TestMergeRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := newBackend()
		var sources []state.Blocks
		var given [][]state.Entry
		for i := range rapid.IntRange(0, 8).Draw(t, "sources") {
			draw := drawKeys
			if rapid.Bool().Draw(t, "in ranges") {
				draw = drawRanges
			}
			entries := draw(t, i)
			given = append(given, entries, slices.Clone(entries))
			sources = append(sources, sourceOf(entries, rapid.IntRange(1, 600).Draw(t, "block"), nil))
			_ = want.Apply(entries, "")
		}
		got := newBackend()
		merged := checkpoint.Merge(sources...)
		ours := func() ([]state.Entry, error) { // a block is its reader's: who appends to it changes nothing else
			block, err := merged()
			_ = append(block, put("zzz", "of nobody"))
			return block, err
		}
		if err := got.Load(ours, ""); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got.data, want.data) {
			t.Fatalf("got %d, want %d: %v, %v", len(got.data), len(want.data), got.data, want.data)
		}
		for i := 0; i < len(given); i += 2 {
			if !slices.EqualFunc(given[i], given[i+1], func(a, b state.Entry) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) }) {
				t.Fatal("the blocks of a source were changed")
			}
		}
	})
}

// drawKeys are a few keys of any form, each put or deleted.
func drawKeys(t *rapid.T, source int) (entries []state.Entry) {
	keys := rapid.SliceOfNDistinct(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 0, 4, -1), 0, 20, rapid.ID[string]).Draw(t, "keys")
	slices.Sort(keys)
	for _, k := range keys {
		if rapid.Bool().Draw(t, "delete") {
			entries = append(entries, del(k))
		} else {
			entries = append(entries, put(k, fmt.Sprint(source)))
		}
	}
	return entries
}

// drawRanges are keys in ranges, of which each so many is deleted.
func drawRanges(t *rapid.T, source int) (entries []state.Entry) {
	keys := map[int]bool{}
	for range rapid.IntRange(0, 4).Draw(t, "ranges") {
		from := rapid.IntRange(0, 2000).Draw(t, "from")
		for k := range rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(100, 1200)).Draw(t, "keys") {
			keys[from+k] = true
		}
	}
	deleted := rapid.SampledFrom([]int{0, 1, 2, 3, 300}).Draw(t, "each so many")
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if key := fmt.Sprintf("%05d", k); deleted > 0 && k%deleted == 0 {
			entries = append(entries, del(key))
		} else {
			entries = append(entries, put(key, fmt.Sprint(source)))
		}
	}
	return entries
}

func TestMergeErrorIsFinal(t *testing.T) {
	mine := errors.New("mine")
	next := checkpoint.Merge(sourceOf([]state.Entry{put("a", "1"), put("c", "1")}, 1, nil), sourceOf([]state.Entry{put("b", "2")}, 1, mine))
	var keys []byte
	for {
		entries, err := next()
		if err == nil && len(entries) > 0 {
			for _, e := range entries {
				keys = append(keys, e.Key...)
			}
			continue
		}
		if !errors.Is(err, mine) {
			t.Fatalf("error %v", err)
		}
		break
	}
	before := []byte("ab") // at most
	if entries, err := next(); len(entries) > 0 || !errors.Is(err, mine) || !bytes.HasPrefix(before, keys) {
		t.Errorf("afterwards: %v, %v; keys before: %q", entries, err, keys)
	}
}
