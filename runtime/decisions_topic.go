package runtime

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

// topicDecisions keeps them in a compacted topic of the sinks' cluster, inside the transaction of the outputs: sources are on
// another cluster, whose consumer group cannot take part in it.
//
// That cluster knows nothing of the group, so it cannot refuse the offsets of a member whose time is over (KIP-447). The transactional id
// takes over: there is one for the job, not one for each instance (Instance.transactionalID). Whoever begins to work fences
// every process that worked before, whatever its name, and reads the topic after that; so who can commit has read
// all that was ever committed. This holds without a Fence too, when partitions come back to an instance: if its producer can still commit, nobody
// has made another since, and only its own commits can have followed its last one.
//
// The group's offsets follow the decisions by courtesy, each with a commits.Pointer. They tell lag to tools, and they remember that
// this job has its commit point elsewhere.
type topicDecisions struct {
	in       *Instance
	topic    string
	cluster  string                         // the sink cluster's id
	claim    map[txn.Partition]txn.Position // to be noted in the group before the first decision of all
	courtesy *courtesy
}

// openTopicDecisions makes the topic if there is none, and checks it.
func openTopicDecisions(ctx context.Context, in *Instance) (*topicDecisions, error) {
	spec := commits.Topic(in.o.JobID)
	t := &topicDecisions{in: in, topic: spec.Name, courtesy: newCourtesy(in)}
	if slices.Contains(in.sinkTopics(), t.topic) {
		return nil, fmt.Errorf("%w: topic %q is for the decision records of job %q: the job cannot write its outputs there", ErrConfig, t.topic, in.o.JobID)
	}
	if err := t.find(ctx, spec); err != nil {
		return nil, fmt.Errorf("topic %q for decision records: %w", t.topic, err)
	}
	return t, nil
}

func (t *topicDecisions) find(ctx context.Context, spec txn.TopicSpec) (err error) {
	admin := t.in.sinkAdmin
	if t.cluster, err = admin.ClusterID(ctx); err != nil {
		return err
	}
	counts, err := admin.Topics(ctx, []string{t.topic})
	if err == nil && counts[t.topic] == 0 {
		t.in.log.Info("making the topic for decision records", "topic", t.topic, "cluster", t.cluster)
		return asSetting(admin.CreateTopics(ctx, []txn.TopicSpec{spec}))
	}
	if err != nil {
		return asSetting(err)
	}
	if n := counts[t.topic]; n != spec.Partitions {
		return fmt.Errorf("%w: it has %d partitions, expected %d. Was it made for something else? Take another WEIR_JOB_ID", ErrConfig, n, spec.Partitions)
	}
	config, err := admin.TopicConfig(ctx, t.topic)
	if err != nil {
		return asSetting(err)
	}
	if !commits.Compacted(config) {
		return fmt.Errorf("%w: its cleanup.policy is %q, expected compact: the broker would delete what the job has decided. Change it, or let the job make the topic", ErrConfig, config["cleanup.policy"])
	}
	denied, err := admin.Unwritable(ctx, []string{t.topic})
	if err == nil && len(denied) > 0 {
		return fmt.Errorf("%w: no permission to write it: allow the operations Read and Write", ErrConfig)
	}
	return asSetting(err)
}

// asSetting: what the broker refuses for good before the work has begun is for people to put right.
func asSetting(err error) error {
	if err != nil && txn.ClassOf(err) == txn.ClassFatal {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return err
}

func (t *topicDecisions) read(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	// In this order: a group that was read first cannot be ahead of a topic that was read later, however long we were frozen between.
	group, err := t.in.consumer.Committed(ctx, parts)
	if err != nil {
		return nil, err
	}
	records, err := t.in.sinkAdmin.ReadAll(ctx, t.topic)
	if err != nil {
		return nil, err
	}
	decided, err := commits.Newest(records)
	if err != nil {
		return nil, fmt.Errorf("%w: decision records: %w", ErrState, err)
	}
	for p, pos := range group {
		if err := t.agrees(p, pos, decided); err != nil {
			return nil, err
		}
	}
	if len(decided) == 0 {
		return t.fresh(ctx, parts, group)
	}
	t.claim = nil
	mine := make(map[txn.Partition]txn.Position, len(parts))
	for _, p := range parts {
		if pos, ok := decided[p]; ok {
			mine[p] = pos
		}
	}
	return mine, nil
}

// agrees refuses to go on where the group's offset of a partition tells of a decision that the topic does not hold.
func (t *topicDecisions) agrees(p txn.Partition, pos txn.Position, decided map[txn.Partition]txn.Position) error {
	_, ours, err := checkpoint.DecodeMetadata(pos.Metadata)
	if err != nil || ours {
		return fmt.Errorf("%w: the commit point of job %q is the offsets of its group on the sources' cluster (%s/%d: %.200q): the job ran with its sinks there, or at least once. Unset WEIR_SINK_BROKERS or set WEIR_GUARANTEE as it was, or give the job a new WEIR_JOB_ID",
			ErrState, t.in.o.JobID, p.Topic, p.ID, pos.Metadata)
	}
	pointer, ok, err := commits.DecodePointer(pos.Metadata)
	switch {
	case err != nil:
		return fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
	case !ok || pointer.Cluster == t.cluster && !pointer.Decided:
		return nil
	case pointer.Cluster != t.cluster && len(decided) == 0:
		return fmt.Errorf("%w: the commit point of job %q is topic %q of the cluster with id %s, but WEIR_SINK_BROKERS leads to the cluster with id %s, where nothing is decided. Set it as it was, or give the job a new WEIR_JOB_ID",
			ErrState, t.in.o.JobID, t.topic, pointer.Cluster, t.cluster)
	}
	if now, ok := decided[p]; !ok || now.Offset < pos.Offset {
		return fmt.Errorf("%w: %s/%d was decided up to offset %d, as the group's offset tells, but topic %q of the sink cluster holds no such record: it was made anew, or has lost records. Bring it back, or give the job a new WEIR_JOB_ID",
			ErrState, p.Topic, p.ID, pos.Offset, t.topic)
	}
	return nil
}

// fresh is the answer when nothing was ever decided. The group's offsets then say where people want the job to begin.
func (t *topicDecisions) fresh(ctx context.Context, parts []txn.Partition, group map[txn.Partition]txn.Position) (map[txn.Partition]txn.Position, error) {
	ends, err := t.in.consumer.Ends(ctx, parts)
	if err != nil {
		return nil, err
	}
	t.claim = map[txn.Partition]txn.Position{}
	begin := map[txn.Partition]txn.Position{}
	for _, p := range parts {
		at := ends[p].Low
		if pos, ok := group[p]; ok {
			at = pos.Offset
			begin[p] = txn.Position{Offset: at}
		}
		t.claim[p] = t.follower(at, false)
	}
	return begin, nil
}

func (t *topicDecisions) follower(offset int64, decided bool) txn.Position {
	return txn.Position{Offset: offset, Metadata: commits.Pointer{Cluster: t.cluster, Decided: decided}.Encode()}
}

// send produces a record for each partition. Before the very first ones the group has to know where decisions are: without that, a job
// that is started again with its sinks elsewhere could not tell that it is not new.
func (t *topicDecisions) send(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	if len(t.claim) > 0 {
		if err := t.in.consumer.Commit(ctx, t.claim, meta); err != nil {
			return err
		}
		hit("claim-after")
		t.claim = nil
	}
	records := make([]txn.Record, 0, len(positions))
	for part, pos := range positions {
		records = append(records, commits.Encode(t.topic, part, pos))
	}
	slices.SortFunc(records, func(a, b txn.Record) int { return cmp.Compare(string(a.Key), string(b.Key)) })
	return p.Produce(ctx, records)
}

func (t *topicDecisions) commit(ctx context.Context, p txn.Producer, positions map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	if err := p.Commit(ctx); err != nil {
		return err
	}
	follow := make(map[txn.Partition]txn.Position, len(positions))
	for part, pos := range positions {
		follow[part] = t.follower(pos.Offset, true)
	}
	t.courtesy.offer(follow, meta)
	return nil
}

func (t *topicDecisions) settle(ctx context.Context) { t.courtesy.settle(ctx) }
func (t *topicDecisions) place() string              { return fmt.Sprintf("topic %q of the sink cluster", t.topic) }
func (t *topicDecisions) resettable() bool           { return false }
