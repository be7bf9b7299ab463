package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// moreAtOnce bounds the shards that are stored or restored at the same time.
const moreAtOnce = 8

// single says whether one instance works on the job, with all of its state: the exchange is in memory.
func (in *Instance) single() bool { return in.o.Exchange == "" }

// shardOf is the shard whose state a partition's position belongs to; nil: none, it is one of a source beside repartition topics.
func (in *Instance) shardOf(p txn.Partition) *shard {
	if in.single() {
		return in.shards[0]
	}
	if _, ok := in.topology.exchangeOf(p.Topic); ok {
		return in.shards[p.ID]
	}
	return nil
}

// keyGroups are those that a shard holds: from <= group < to.
func (in *Instance) keyGroups(s *shard) (from, to uint16) {
	if in.single() {
		return 0, uint16(in.o.MaxParallelism)
	}
	return state.GroupRange(s.number, len(in.shards), in.o.MaxParallelism)
}

// shardsOf are the shards of partitions, each once.
func (in *Instance) shardsOf(parts []txn.Partition) (all []*shard) {
	seen := map[*shard]bool{nil: true}
	for _, p := range parts {
		if s := in.shardOf(p); !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

// store writes what an epoch has changed, each shard's into its own folder.
func (in *Instance) store(ctx context.Context, f *flight) error {
	var overlay int64
	for _, p := range f.parts {
		p.runs = state.Runs(f.sealed.tasks[p.shard]...)
		overlay += sizeOf(p.runs)
	}
	in.m.SetOverlay(overlay)
	f.sealed.tasks = nil
	return each(len(f.parts), func(i int) error {
		p := f.parts[i]
		m, err := p.shard.repo.Prepare(ctx, p.manifest, p.runs...)
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", f.id, err)
		}
		in.m.CheckpointBytes(m.Delta.Size)
		return nil
	})
}

// restoreShards brings shards to the decision.
func (in *Instance) restoreShards(d decision, of []*shard, known map[*shard]*state.Registry) (map[*shard]restored, error) {
	found := make([]restored, len(of))
	err := each(len(of), func(i int) (err error) {
		found[i], err = of[i].restore(in.ctx, d.checkpoints[of[i]], d, known[of[i]])
		return err
	})
	all := make(map[*shard]restored, len(of))
	for i, s := range of {
		all[s] = found[i]
	}
	return all, err
}

// each calls f for 0 to n-1, some at once, and returns all their errors.
func each(n int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, moreAtOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = f(i)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// waitForRoom holds the caller back while too much decided state waits to be applied.
func (in *Instance) waitForRoom() {
	for _, s := range in.shards {
		s.publisher.waitForRoom(in.ctx)
	}
}

// stopShards makes durable what is decided, and closes the backends that were opened here.
func (in *Instance) stopShards() (err error) {
	for _, s := range in.shards {
		err = errors.Join(err, s.stop())
	}
	return err
}

// measureState adds up what the backends hold.
func (in *Instance) measureState() {
	var n int64
	for _, s := range in.shards {
		n += s.size()
	}
	in.m.SetState(n)
}
