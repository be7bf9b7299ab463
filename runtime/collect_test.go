package runtime

import (
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// Garbage is collected when the oldest retained checkpoint has come to another base, and once when all of them are of this run.
func TestSweep(t *testing.T) {
	var w sweep
	for i, step := range []struct {
		base checkpoint.ID
		due  bool
	}{{"", false}, {"a", false}, {"a", false}, {"a", true}, {"a", false}, {"b", false}, {"b", false}, {"b", true}, {"b", false}} {
		if got := w.due(step.base, 3); got != step.due {
			t.Errorf("step %d, base %q: due %v", i, step.base, got)
		}
	}
	w = sweep{}
	if !w.due("a", 1) || w.due("a", 1) || !w.due("b", 1) {
		t.Error("with one retained, each new base makes one due, the first one too")
	}
}

// Files of checkpoints that are retained no more go, while a base's deltas are needed they stay, and what was held goes after the release.
func TestCollectionAfterHold(t *testing.T) {
	in := lab(t, memStore(t), 1)
	t.Cleanup(func() { _ = in.stopShards() })
	in.resume(t, decision{positions: map[txn.Partition]int64{in.crossing(0, 0): 0, in.crossing(1, 0): 0}, checkpoints: map[*shard]checkpoint.ID{}})
	s := in.shards[0]
	work := func(from, to uint64) {
		for epoch := from; epoch <= to; epoch++ {
			in.commit(t, twophase.Epoch(epoch), map[txn.Partition]int64{in.crossing(0, 0): int64(epoch), in.crossing(1, 0): 0},
				map[*shard][]state.Entry{s: entry("k", int(epoch))})
		}
	}
	manifests := func() int {
		infos, err := in.o.Store.List(t.Context(), "lab/shard/0/manifest/")
		if err != nil {
			t.Fatal(err)
		}
		return len(infos)
	}
	release, err := s.repo.Hold(t.Context(), "copy")
	if err != nil {
		t.Fatal(err)
	}
	work(1, 12)
	if n := manifests(); n != 12 || !s.collector.held.Load() {
		t.Errorf("%d of 12 checkpoints are left while all are held; noticed: %v", n, s.collector.held.Load())
	}
	if err := release(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.publisher.base.marked = s.publisher.base.marked.Add(-2e9) // it looks once a second
	work(13, 13)
	if n := manifests(); n > 6 || s.collector.held.Load() {
		t.Errorf("%d checkpoints are left after the release", n)
	}
}
