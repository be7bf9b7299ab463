package runtime

import (
	"context"
	"fmt"

	"github.com/weirstream/weir/txn"
)

// Key groups are parted by the number of partitions of the repartition topics. If somebody changes it by hand, records of a key go where its
// state is not, and nothing else would show it: so the number is kept in each manifest of a shard, and in the
// register of instances: whoever gets a partition that was added would find no state to be missing.

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

// checkShards compares what somebody has worked with; 0: that is not known.
func (in *Instance) checkShards(before int) error {
	if n := len(in.shards); before != 0 && before != n {
		return fmt.Errorf("%w: the job's state is parted in %d, but its repartition topics %q have %d partitions by now: somebody has changed them by hand. Give the job a new WEIR_JOB_ID",
			ErrState, before, in.topology.repartition, n)
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
