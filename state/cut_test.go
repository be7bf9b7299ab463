package state_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
)

// The entries of one epoch are cut into those of each shard.
func ExampleCutGroups() {
	entries := []state.Entry{
		{Key: state.AppendKey(nil, 3, 1, []byte("a"))},
		{Key: state.AppendKey(nil, 63, 1, []byte("b"))},
		{Key: state.AppendKey(nil, 64, 1, []byte("c"))},
	}
	for shard := range 3 {
		from, to := state.GroupRange(shard, 3, 128)
		for _, e := range state.CutGroups(entries, from, to) {
			group, _, key, _, _ := state.SplitKey(e.Key)
			fmt.Printf("shard %d, groups %d to %d: group %d, key %s\n", shard, from, to-1, group, key)
		}
	}
	// Output:
	// shard 0, groups 0 to 42: group 3, key a
	// shard 1, groups 43 to 85: group 63, key b
	// shard 1, groups 43 to 85: group 64, key c
}

func TestCutGroupsRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOf(rapid.Uint16Range(0, 20)).Draw(t, "groups")
		slices.Sort(groups)
		var entries []state.Entry
		for i, g := range groups {
			entries = append(entries, state.Entry{Key: binary.BigEndian.AppendUint32(state.AppendKey(nil, g, 1, nil), uint32(i))})
		}
		from, to := rapid.Uint16Range(0, 22).Draw(t, "from"), rapid.Uint16Range(0, 22).Draw(t, "to")
		var want []state.Entry
		for i, g := range groups {
			if from <= g && g < to {
				want = append(want, entries[i])
			}
		}
		got := state.CutGroups(entries, from, to)
		same := func(a, b state.Entry) bool { return &a.Key[0] == &b.Key[0] }
		if !slices.EqualFunc(got, want, same) || cap(got) != len(got) {
			t.Errorf("groups %d to %d of %v: %d entries (capacity %d), want %d", from, to, groups, len(got), cap(got), len(want))
		}
	})
}
