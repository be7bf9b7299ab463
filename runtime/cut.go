package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

// cut is a consistent point of the job over all of its instances: what one stable reading of all decision records says. A transaction whose offsets
// are decided is in it with all that it has written; one that was under way is not in it at all.
type cut struct {
	checkpoints map[*shard]checkpoint.ID
	sources     []checkpoint.SourcePosition    // of partitions whose positions no checkpoint holds (exchange kafka)
	crossings   map[txn.Partition]txn.Position // where shards go on in repartition topics
	drained     map[txn.Partition]string       // of source partitions: by which drain they have come to their ends (exchange kafka)
}

// at says whether two cuts are at the same place of the input and between the stages.
func (c *cut) at(other cut) bool {
	return slices.EqualFunc(c.sources, other.sources, func(a, b checkpoint.SourcePosition) bool {
		return a.Topic == b.Topic && a.Partition == b.Partition && a.Offset == b.Offset
	}) && maps.EqualFunc(c.crossings, other.crossings, func(a, b txn.Position) bool { return a.Offset == b.Offset })
}

// readCut reads the decision records of all instances.
func (in *Instance) readCut(ctx context.Context) (cut, error) {
	committed, err := in.readDecisions(ctx)
	if err != nil {
		return cut{}, err
	}
	c := cut{checkpoints: map[*shard]checkpoint.ID{}, crossings: map[txn.Partition]txn.Position{}, drained: map[txn.Partition]string{}}
	for p, pos := range committed {
		m, ours, err := checkpoint.DecodeMetadata(pos.Metadata)
		switch {
		case err != nil:
			return cut{}, fmt.Errorf("the committed offset of %s/%d: %w", p.Topic, p.ID, err)
		case !ours || in.readerOf(p.Topic) == "":
			continue // of a topic that the job has never read or reads no more, or set by people
		case m.Exchange != in.o.Exchange:
			return cut{}, fmt.Errorf("the job's commit point is of WEIR_EXCHANGE=%s, this command has %s", exchangeName(m.Exchange), exchangeName(in.o.Exchange))
		}
		if err := c.take(in, p, pos, m); err != nil {
			return cut{}, err
		}
	}
	if len(c.checkpoints) == 0 && len(c.sources) == 0 {
		return cut{}, fmt.Errorf("job %q %w", in.o.JobID, errNothing)
	}
	slices.SortFunc(c.sources, func(a, b checkpoint.SourcePosition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return c, nil
}

// take notes what stands beside the offset of one partition.
func (c *cut) take(in *Instance, p txn.Partition, pos txn.Position, m checkpoint.Metadata) error {
	s := in.shardOf(p)
	if s == nil {
		at := checkpoint.SourcePosition{Operator: in.readerOf(p.Topic), Topic: p.Topic, Partition: p.ID, Offset: pos.Offset, Idle: m.Idle}
		if m.Watermark != operators.NoWatermark {
			at.Watermark = m.Watermark
		}
		c.sources = append(c.sources, at)
		c.drained[p] = m.Drained
		return nil
	}
	if !in.single() {
		c.crossings[p] = pos
	}
	if before, known := c.checkpoints[s]; known && before != m.ID {
		return fmt.Errorf("the committed offsets name two checkpoints, %s and %s (%s/%d); they must all come from one commit", before, m.ID, p.Topic, p.ID)
	}
	c.checkpoints[s] = m.ID
	return nil
}

// readDecisions reads all of them, stably, as of one moment.
func (in *Instance) readDecisions(ctx context.Context) (map[txn.Partition]txn.Position, error) {
	if in.o.SinkClient == nil || in.o.Guarantee != twophase.ExactlyOnce {
		committed, err := in.readOffsets(ctx)
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", in.o.JobID, err)
		}
		return committed, nil
	}
	records, err := in.sinkAdmin.ReadAll(ctx, commits.Topic(in.o.JobID).Name)
	if err != nil {
		return nil, fmt.Errorf("decision records: %w", err)
	}
	return commits.Newest(records)
}

// readOffsets asks for every partition by name, those that the group alone remembers among them: asked for all that it has, the coordinator leaves out a
// partition whose first offset is still pending, instead of letting us wait for it.
func (in *Instance) readOffsets(ctx context.Context) (map[txn.Partition]txn.Position, error) {
	remembered, err := in.admin.Committed(ctx, in.o.JobID, nil)
	if err != nil {
		return nil, err
	}
	var parts []txn.Partition
	if topics := in.topology.topics(); len(topics) > 0 { // of a stopped job they are not looked for
		counts, err := in.admin.Topics(ctx, topics)
		if err != nil {
			return nil, err
		}
		parts = in.topology.partitions(counts)
	}
	parts = append(parts, without(slices.Collect(maps.Keys(remembered)), parts)...)
	if len(parts) == 0 {
		return nil, nil
	}
	return in.admin.Committed(ctx, in.o.JobID, parts)
}

// drainedBy is the drain by which all source partitions of the cut have come to their ends; empty: there is none. If nothing was on its way at the cut, all
// timers have fired: the word of each partition's end is behind its records, and goes on behind what came of them.
func (c *cut) drainedBy() string { return commonDrain(maps.Values(c.drained)) }

// commonDrain is the drain by which each of several has come to its end; empty: there is none.
func commonDrain(of iter.Seq[string]) (drain string) {
	for d := range of {
		if d == "" || drain != "" && d != drain {
			return ""
		}
		drain = d
	}
	return drain
}

// errNothing: there is no cut yet.
var errNothing = errors.New("has committed nothing, so there is nothing to save")

// errUndrained: not everything has come to its end.
var errUndrained = errors.New("not all source partitions have come to their ends")

// checkDrained makes sure that all source partitions there are have, by this drain.
func (in *Instance) checkDrained(ctx context.Context, c cut, drain string) error {
	topics := in.topology.sources.list()
	counts, err := in.admin.Topics(ctx, topics)
	if err != nil {
		return fmt.Errorf("topics %q: %w", topics, err)
	}
	for _, topic := range topics {
		for i := range counts[topic] {
			if p := (txn.Partition{Topic: topic, ID: int32(i)}); c.drained[p] != drain {
				return fmt.Errorf("%w: %s/%d", errUndrained, topic, i)
			}
		}
	}
	return nil
}

// errCrossing: records are on their way between stages.
var errCrossing = errors.New("records are on their way between stages")

// checkStill makes sure that nothing was in a repartition topic at the cut, which no checkpoint holds. It must be asked after the cut was read: whatever a
// transaction of the cut has written is there by then.
func (in *Instance) checkStill(ctx context.Context, c cut) error {
	for _, topic := range in.topology.repartition {
		from := map[int32]int64{}
		for p, pos := range c.crossings {
			if p.Topic == topic {
				from[p.ID] = pos.Offset
			}
		}
		found, err := in.admin.Ahead(ctx, topic, from)
		if outOfRange(err) {
			return fmt.Errorf("%w: more of %s was processed meanwhile, and let go", errCrossing, topic)
		}
		if err != nil {
			return fmt.Errorf("repartition topic %q: %w", topic, err)
		}
		for p, offset := range found {
			return fmt.Errorf("%w: %s/%d has one at offset %d", errCrossing, topic, p, offset)
		}
	}
	return nil
}
