package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/txn"
)

// Key groups are parted by the number of partitions of the repartition topics. If somebody changes it by hand, records of a key go where its
// state is not, and nothing else would show it: so the number is kept in each manifest of a shard.

// checkParting compares the repartition topics with the job's checkpoints before we join the group: whoever gets a partition that was
// added would find no state to be missing. It asks the store alone: committed offsets may have to wait for a transaction that only our
// next step, fencing, ends. Any checkpoint will do, so the note of the last one is good enough; restore looks again.
func (in *Instance) checkParting(ctx context.Context) error {
	if in.single() {
		return nil
	}
	for _, s := range in.shards {
		id, ok, err := s.repo.Latest(ctx)
		if err == nil && !ok {
			continue
		}
		var m checkpoint.Manifest
		if err == nil {
			m, err = s.repo.LoadManifest(ctx, id)
		}
		var corrupt *checkpoint.CorruptError
		switch {
		case errors.Is(err, checkpoint.ErrNotExist) || errors.As(err, &corrupt):
			continue // collected meanwhile, or it is for restore to say what can't be used
		case err != nil:
			return fmt.Errorf("checkpoint store %s: %w", in.o.Store.URL(), err)
		}
		return in.checkShards(&m)
	}
	return nil
}

// shardDecisions reads which checkpoint is decided for each shard, ours or not.
func (in *Instance) shardDecisions(ctx context.Context) (decision, error) {
	var parts []txn.Partition
	for _, topic := range in.topology.repartition[:min(1, len(in.topology.repartition))] {
		for i := range in.shards { // any of its partitions names a shard's checkpoint
			parts = append(parts, txn.Partition{Topic: topic, ID: int32(i)})
		}
	}
	if len(parts) == 0 {
		return decision{}, nil
	}
	committed, err := in.admin.Committed(ctx, in.o.JobID, parts)
	if err != nil {
		return decision{}, err
	}
	return in.decode(committed)
}

func (in *Instance) checkShards(m *checkpoint.Manifest) error {
	if n := len(in.shards); m.Shards != 0 && m.Shards != n {
		return fmt.Errorf("%w: the job's state is parted in %d, but its repartition topics %q have %d partitions by now: somebody has changed them by hand. Give the job a new WEIR_JOB_ID",
			ErrState, m.Shards, in.topology.repartition, n)
	}
	return nil
}

// checkUnparted looks at the repartition topics at each rebalance.
func (in *Instance) checkUnparted(counts map[string]int) error {
	for _, topic := range in.topology.repartition {
		if n := counts[topic]; n != 0 && n != len(in.shards) { // 0: a broker that has not heard of a new topic yet
			return fmt.Errorf("%w: repartition topic %q had %d partitions when this instance started and has %d by now: what is in it is parted by that number, and somebody has changed it by hand. Give the job a new WEIR_JOB_ID",
				ErrConfig, topic, len(in.shards), n)
		}
	}
	return nil
}
