package runtime

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// TestRenumberRapid: with other state ids the same entries come, sorted anew.
func TestRenumberRapid(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		to := rapid.Permutation([]uint16{1, 2, 3, 9}).Draw(r, "ids")
		ids := map[uint16]uint16{1: to[0], 2: to[1], 3: to[2]}
		var before, want []state.Entry
		for i := range rapid.IntRange(0, 40).Draw(r, "entries") {
			group, id := rapid.Uint16Range(0, 5).Draw(r, "group"), rapid.Uint16Range(1, 3).Draw(r, "id")
			key := fmt.Append(nil, rapid.IntRange(0, 3).Draw(r, "key"), i)
			before = append(before, state.Entry{Key: state.AppendKey(nil, group, id, key), Value: key})
			want = append(want, state.Entry{Key: state.AppendKey(nil, group, ids[id], key), Value: key})
		}
		byKey := func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) }
		slices.SortFunc(before, byKey)
		slices.SortFunc(want, byKey)
		next := renumber(func() (e state.Entry, ok bool, err error) {
			if len(before) == 0 {
				return e, false, nil
			}
			e, before = before[0], before[1:]
			return e, true, nil
		}, ids)
		for i := 0; ; i++ {
			e, ok, err := next()
			if err != nil || ok != (i < len(want)) {
				r.Fatalf("entry %d of %d: %v, %v", i, len(want), ok, err)
			}
			if !ok {
				return
			}
			if !bytes.Equal(e.Key, want[i].Key) || !bytes.Equal(e.Value, want[i].Value) {
				r.Fatalf("entry %d is %x, want %x", i, e.Key, want[i].Key)
			}
		}
	})
}

// TestUnite: shards that have met the states of a job in another order agree on ids, and different codecs of one state are refused.
func TestUnite(t *testing.T) {
	of := func(id uint16, name, codec string) state.Descriptor {
		return state.Descriptor{ID: id, UID: "op", Name: name, Kind: state.KindValue, ValueCodec: codec}
	}
	shard := func(states ...state.Descriptor) *copyPart {
		return &copyPart{manifest: checkpoint.Manifest{ID: "r1-000000000001", States: states}}
	}
	a, b, c := shard(of(1, "x", "s"), of(2, "y", "s")), shard(of(1, "x", "s"), of(2, "y", "s")), shard(of(1, "y", "s"), of(2, "x", "s"), of(3, "z", "s"))
	states, err := unite([]*copyPart{a, b, c})
	if err != nil || len(states) != 3 || states[2].Name != "z" || a.ids != nil || b.ids != nil {
		t.Errorf("%v, %v, %v, %v", states, err, a.ids, b.ids)
	}
	if c.ids[1] != 2 || c.ids[2] != 1 || c.ids[3] != 3 {
		t.Errorf("ids %v", c.ids)
	}
	if _, err := unite([]*copyPart{a, shard(of(1, "x", "other"))}); err == nil {
		t.Error("two codecs of one state are united")
	}
}
