package runtime

import (
	"fmt"
	"maps"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

func entry(key string, value int) []state.Entry {
	return []state.Entry{{Key: []byte(key), Value: fmt.Append(nil, value)}}
}

// Each shard that an epoch has changed gets a checkpoint; offsets of the others go on naming the one that they had.
func TestSplit(t *testing.T) {
	in := lab(t, memStore(t), 3)
	start := map[txn.Partition]int64{{Topic: "l"}: 0}
	for x := range 2 {
		for i := range int32(3) {
			start[in.crossing(x, i)] = 0
		}
	}
	in.resume(t, decision{positions: start, checkpoints: map[*shard]checkpoint.ID{}, times: map[txn.Partition]mark{}})
	t.Cleanup(func() { _ = in.stopShards() })

	named := func(f *flight, epoch twophase.Epoch) (ids [3]checkpoint.ID) {
		t.Helper()
		in.flights[epoch] = f
		offsets, err := in.offsets(epoch)
		if err != nil {
			t.Fatal(err)
		}
		for p, pos := range offsets {
			m, ok, err := checkpoint.DecodeMetadata(pos.Metadata)
			if !ok || err != nil || m.Exchange != checkpoint.ExchangeKafka {
				t.Fatalf("%v: %q, %v", p, pos.Metadata, err)
			}
			if p.Topic == "l" {
				continue
			}
			if before := ids[p.ID]; before != "" && before != m.ID {
				t.Fatalf("shard %d is named as of %s and %s", p.ID, before, m.ID)
			}
			ids[p.ID] = m.ID
		}
		return ids
	}
	step := func(epoch twophase.Epoch, positions map[txn.Partition]int64, changed map[*shard][]state.Entry) [3]checkpoint.ID {
		t.Helper()
		now := maps.Clone(start)
		maps.Copy(now, positions)
		start = now
		return named(in.commit(t, epoch, now, changed), epoch)
	}
	first := step(1, map[txn.Partition]int64{{Topic: "l"}: 5}, nil)
	if first != [3]checkpoint.ID{first[0], first[0], first[0]} || first[0] == "" {
		t.Fatalf("without a checkpoint before, every shard gets one: %v", first)
	}
	moved := step(2, map[txn.Partition]int64{in.crossing(1, 1): 4}, nil)
	if moved[0] != first[0] || moved[1] == first[1] || moved[2] != first[2] {
		t.Errorf("records of shard 1: %v, then %v", first, moved)
	}
	timer := step(3, nil, map[*shard][]state.Entry{in.shards[2]: entry("k", 1)})
	if timer[0] != first[0] || timer[1] != moved[1] || timer[2] == moved[2] {
		t.Errorf("a timer in shard 2: %v, then %v", moved, timer)
	}
	m, err := in.shards[2].repo.LoadManifest(t.Context(), timer[2])
	if err != nil {
		t.Fatal(err)
	}
	if m.Parent != first[2] || m.Shard != "2" || m.Exchange != checkpoint.ExchangeKafka || len(m.Sources) != 2 {
		t.Errorf("manifest %+v", m)
	}
	if _, err := in.shards[2].repo.LoadManifest(t.Context(), moved[1]); err == nil {
		t.Error("shard 2 has a checkpoint of an epoch that has not changed it")
	}
}

// An instance that gets a shard back goes on from what its other owner has left: its own older base is nothing to build on, since
// the other one has collected the deltas behind it.
func TestShardComesBack(t *testing.T) {
	store := memStore(t)
	one, two := lab(t, store, 1), lab(t, store, 1)
	d := decision{positions: map[txn.Partition]int64{one.crossing(0, 0): 0, one.crossing(1, 0): 0}, checkpoints: map[*shard]checkpoint.ID{}}
	var epoch twophase.Epoch
	work := func(in *Instance, epochs int) {
		t.Helper()
		in.resume(t, decision{positions: maps.Clone(d.positions), checkpoints: handed(d.checkpoints, in.shards[0])})
		for range epochs {
			epoch++
			at := maps.Clone(in.decision.positions)
			at[in.crossing(0, 0)]++
			in.commit(t, epoch, at, map[*shard][]state.Entry{in.shards[0]: entry(fmt.Sprint("k", epoch), int(epoch))})
		}
		d = in.decision
	}
	work(one, 4)
	work(two, 8)
	work(one, 1)
	three := lab(t, store, 1)
	work(three, 0) // on another machine, from the store alone
	for _, in := range []*Instance{one, two, three} {
		if err := in.stopShards(); err != nil {
			t.Error(err)
		}
	}
}

// handed is what names a shard's checkpoint for the next owner.
func handed(checkpoints map[*shard]checkpoint.ID, to *shard) map[*shard]checkpoint.ID {
	all := map[*shard]checkpoint.ID{}
	for _, id := range checkpoints {
		all[to] = id
	}
	return all
}
