package runtime

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// With several shards a key is looked for where it lives, and a scan goes on to the next shard that is ours.
func TestFindStateOfShards(t *testing.T) {
	in := lab(t, memStore(t), 3)
	t.Cleanup(func() { _ = in.stopShards() })
	in.attempt = &attempt{}
	d := state.Descriptor{UID: "first", Name: "n", Kind: state.KindValue, ValueCodec: "string"}
	in.resume(t, decision{positions: map[txn.Partition]int64{in.crossing(0, 2): 0, in.crossing(1, 2): 0}, checkpoints: map[*shard]checkpoint.ID{}})
	if _, err := in.shards[2].registry.Register(d); err != nil {
		t.Fatal(err)
	}
	at := func(group uint16, onwards bool) (int, error) {
		s, found, err := in.findState("first", "n", group, onwards)
		if s == nil {
			return -1, err
		}
		if err == nil && (found.Name != "n" || found.ID == 0) {
			t.Errorf("group %d: %+v", group, found)
		}
		return s.number, err
	}
	if n, err := at(127, false); n != 2 || err != nil {
		t.Errorf("group 127: shard %d, %v", n, err)
	}
	if from, to := in.keyGroups(in.shards[2]); from > 127 || to != 128 || from < 80 {
		t.Errorf("shard 2 has groups %d to %d", from, to)
	}
	var elsewhere *ElsewhereError
	if _, err := at(0, false); !errors.As(err, &elsewhere) || elsewhere.Shard != 0 || !strings.Contains(err.Error(), "key group 0 is in shard 0, which is worked on by no instance at present") {
		t.Errorf("group 0: %v", err)
	}
	if n, err := at(0, true); n != 2 || err != nil {
		t.Errorf("onwards from group 0: shard %d, %v", n, err)
	}
	in.shards[2].ours.Store(false)
	if n, err := at(0, true); n != -1 || err != nil {
		t.Errorf("with no shard: %d, %v", n, err)
	}
	in.shards[2].ours.Store(true)
	in.attempt = nil
	if _, err := at(127, false); !errors.Is(err, ErrNotReady) {
		t.Errorf("while it is restored: %v", err)
	}
}
