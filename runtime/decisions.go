package runtime

import (
	"context"
	"fmt"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

// decisions is where decision records are kept: where each source partition goes on, with the metadata that names the
// checkpoint. Its methods wait for Kafka; the protocol calls them one at a time.
type decisions interface {
	// read returns what is decided about partitions, stably: nothing of ours can be decided later that was begun before the last
	// Fence. A partition of which nothing is decided is missing, or has the position that people have given the group, with metadata
	// that is not ours.
	read(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error)
	// send adds positions to the open transaction of p, as the member that meta describes.
	send(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error
	// commit decides.
	commit(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error
	// settle waits a moment for what follows behind decisions. It is called before the partitions are given back.
	settle(ctx context.Context)
	// place is what errors call it; resettable, whether people can set positions there.
	place() string
	resettable() bool
}

// openDecisions finds the place. At least once, offsets need not be atomic with outputs, so they are the decision on two clusters as well.
func (in *Instance) openDecisions(ctx context.Context) (decisions, error) {
	if in.o.SinkClient == nil || in.o.Guarantee != twophase.ExactlyOnce {
		return &groupDecisions{in}, nil
	}
	return openTopicDecisions(ctx, in)
}

// groupDecisions keeps them as offsets of the job's consumer group.
type groupDecisions struct{ in *Instance }

func (g *groupDecisions) read(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	committed, err := g.in.consumer.Committed(ctx, parts)
	if err != nil {
		return nil, err
	}
	for p, pos := range committed {
		elsewhere, ok, err := commits.DecodePointer(pos.Metadata)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
		case ok:
			return nil, fmt.Errorf("%w: the commit point of job %q is topic %q of the cluster with id %s: the job ran exactly-once with its sinks there. Set WEIR_SINK_BROKERS and WEIR_GUARANTEE as they were, or give the job a new WEIR_JOB_ID",
				ErrState, g.in.o.JobID, commits.Topic(g.in.o.JobID).Name, elsewhere.Cluster)
		}
	}
	return committed, nil
}

func (g *groupDecisions) send(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return p.SendOffsets(ctx, positions, meta)
}

func (g *groupDecisions) commit(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	if g.in.o.Guarantee == twophase.ExactlyOnce {
		return p.Commit(ctx)
	}
	return g.in.consumer.Commit(ctx, positions, meta)
}

func (g *groupDecisions) settle(context.Context) {}
func (g *groupDecisions) place() string          { return fmt.Sprintf("group %q", g.in.o.JobID) }
func (g *groupDecisions) resettable() bool       { return true }
