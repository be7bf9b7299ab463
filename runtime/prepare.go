package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// prepare looks at everything that can be wrong before a single record is read, and joins the group.
func (in *Instance) prepare(ctx context.Context) (err error) {
	if err := in.openClusters(); err != nil {
		return err
	}
	topics, err := in.awaitTopics(ctx)
	if err != nil {
		return err
	}
	in.topology.sources.set(topics)
	start, cancel := context.WithTimeout(ctx, in.o.StartTimeout)
	defer cancel()
	counts, err := in.countPartitions(start, topics)
	if err != nil {
		return in.unanswered(start, err)
	}
	if err := in.layOut(start, counts); err != nil {
		return err
	}
	in.sinks = newSinks(in)
	if err := in.checkSinks(start); err != nil {
		return err
	}
	if err := in.checkTransactionTimeout(start); err != nil {
		return err
	}
	if err := in.compareClusters(start); err != nil {
		return err
	}
	if in.decisions, err = in.openDecisions(start); err != nil {
		return err
	}
	if err := in.checkMembers(ctx); err != nil {
		return err
	}
	in.reader = newReader(in.post)
	if in.forgives() {
		in.reader.missed = in.missed
	}
	in.consumer, err = newRenewable(in.reader, in.alone, func(h txn.RebalanceHandler) (txn.Consumer, error) {
		return in.o.Client.NewConsumer(txn.ConsumerConfig{
			Topics: in.topology.topics(), Group: in.o.JobID, InstanceID: in.o.InstanceID, SessionTimeout: in.o.SessionTimeout,
			TrackEnds: in.anySource(tracked),
		}, h)
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	in.reader.consumer = in.consumer
	return nil
}

// unanswered says whose fault it is that time is over.
func (in *Instance) unanswered(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer from the brokers (WEIR_BROKERS) within %v (WEIR_START_TIMEOUT): %w", in.o.StartTimeout, err)
	}
	return err
}

// countPartitions counts those of all topics that are read: those of sources, and the repartition topics.
func (in *Instance) countPartitions(ctx context.Context, sources []string) (map[string]int, error) {
	counts, err := in.sourceCounts(ctx, sources, "WEIR_INPUT_TOPICS for a built-in job")
	if err != nil || len(in.topology.repartition) == 0 {
		return counts, err
	}
	more, err := in.admin.Topics(ctx, in.topology.repartition)
	if err != nil {
		return nil, fmt.Errorf("repartition topics %q: %w", in.topology.repartition, err)
	}
	maps.Copy(counts, more)
	return counts, nil
}

// layOut says how the plan lies over topics, and makes the repartition topics if there are to be any.
func (in *Instance) layOut(ctx context.Context, counts map[string]int) error {
	in.topology.parallelism = in.o.Parallelism
	if !in.single() {
		if err := in.prepareRepartition(ctx, counts); err != nil {
			return err
		}
	}
	in.overlayShare = max(in.o.OverlayLimit/int64(in.topology.parallelism), 1<<16)
	return nil
}

// checkMembers makes sure that the other members of the group can work beside us.
func (in *Instance) checkMembers(ctx context.Context) error {
	if !in.single() {
		return in.checkNeighbours(ctx)
	}
	if err := in.enlist(ctx); err != nil {
		in.log.Warn("could not enter this instance into the register: should the group fence it without a rival, it ends instead of joining again", "err", err)
	}
	return in.checkAlone(ctx)
}

// topicCounts returns the partition count of topics, all of which have to exist.
func (in *Instance) topicCounts(ctx context.Context, admin txn.Admin, topics []string, setting string) (map[string]int, error) {
	counts, err := in.askCounts(ctx, admin, topics, setting)
	if err != nil {
		return nil, err
	}
	return counts, in.checkExist(admin, topics, counts, setting)
}

func (in *Instance) askCounts(ctx context.Context, admin txn.Admin, topics []string, setting string) (map[string]int, error) {
	if len(topics) == 0 {
		return nil, nil // a job may have no sink: state alone is a reason to be
	}
	counts, err := admin.Topics(ctx, topics)
	if err != nil {
		if txn.ClassOf(err) == txn.ClassFatal && ctx.Err() == nil {
			return nil, fmt.Errorf("%w: topics %q (%s): %w", ErrConfig, topics, setting, err)
		}
		return nil, fmt.Errorf("topics %q (%s): %w", topics, setting, err)
	}
	return counts, nil
}

func (in *Instance) checkExist(admin txn.Admin, topics []string, counts map[string]int, setting string) error {
	for _, t := range topics {
		if counts[t] == 0 {
			return fmt.Errorf("%w: topic %q does not exist on the %s (%s): create it first, with as many partitions as you want to work in parallel", ErrConfig, t, in.clusterOf(admin), setting)
		}
	}
	return nil
}

// checkTransactionTimeout compares our transaction timeout with the broker's cap.
func (in *Instance) checkTransactionTimeout(ctx context.Context) error {
	if in.o.Guarantee != twophase.ExactlyOnce {
		return nil
	}
	limit, err := in.sinkAdmin.MaxTransactionTimeout(ctx)
	if err != nil {
		in.log.Info("the broker's transaction.max.timeout.ms could not be read; not compared", "err", err)
		return nil
	}
	if limit > 0 && in.o.TransactionTimeout > limit {
		return fmt.Errorf("%w: WEIR_TRANSACTION_TIMEOUT is %v, the broker allows at most %v (transaction.max.timeout.ms): lower it, and WEIR_CHECKPOINT_INTERVAL with it",
			ErrConfig, in.o.TransactionTimeout, limit)
	}
	return nil
}

// checkAlone makes sure that no other member holds the job's partitions. One that has just died is still in the group until
// its session ends, so it waits that long before it refuses.
func (in *Instance) checkAlone(ctx context.Context) error {
	patience := in.o.SessionTimeout + 3*time.Second
	deadline := time.Now().Add(patience)
	for told := false; ; told = true {
		others, err := in.otherMembers(ctx)
		if err != nil {
			return err
		}
		if len(others) == 0 {
			return nil
		}
		if !told {
			in.log.Warn("another member holds the job's partitions; waiting for it to leave", "member", describe(others), "group", in.o.JobID, "for", patience)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: group %q has member %s. With WEIR_EXCHANGE=memory one instance works on a job: stop the other one, or give this one its own WEIR_JOB_ID",
				ErrOccupied, in.o.JobID, describe(others))
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// otherMembers lists the members of our group that are not this instance or an earlier life of it.
func (in *Instance) otherMembers(ctx context.Context) ([]txn.Member, error) {
	ctx, cancel := context.WithTimeout(ctx, in.o.StartTimeout)
	defer cancel()
	members, err := in.admin.Members(ctx, in.o.JobID)
	if err != nil {
		return nil, fmt.Errorf("group %q (WEIR_JOB_ID): %w", in.o.JobID, err)
	}
	return slices.DeleteFunc(members, func(m txn.Member) bool { return m.InstanceID == in.o.InstanceID }), nil
}

// memberID looks up who we are in the group; empty if that cannot be told.
func (in *Instance) memberID(ctx context.Context) string {
	members, err := in.admin.Members(ctx, in.o.JobID)
	if err != nil {
		in.log.Warn("could not look at the group; a rival of the same name would be noticed later", "err", err)
	}
	for _, m := range members {
		if m.InstanceID == in.o.InstanceID {
			return m.ID
		}
	}
	return ""
}

func describe(members []txn.Member) string {
	var s []string
	for _, m := range members {
		s = append(s, fmt.Sprintf("%q at %s", cmp.Or(m.InstanceID, m.ClientID, m.ID), m.Host))
	}
	return strings.Join(s, ", ")
}

// check refuses options that cannot work together.
func (o *Options) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Interval <= 0 {
		bad("checkpoint interval is %v, expected more than 0", o.Interval)
	}
	if o.Parallelism < 1 || o.Parallelism > o.MaxParallelism {
		bad("parallelism is %d, expected 1 to %d", o.Parallelism, o.MaxParallelism)
	}
	if o.SinkClient != nil && o.Exchange != "" {
		bad("WEIR_EXCHANGE=%s needs sources and sinks on one cluster, and WEIR_SINK_BROKERS is set: a repartition topic is written and read in one transaction", o.Exchange)
	}
	if o.Guarantee == twophase.ExactlyOnce && o.TransactionTimeout < 2*o.Interval {
		bad("transaction timeout is %v, expected at least twice the checkpoint interval of %v", o.TransactionTimeout, o.Interval)
	}
	if o.Restart == (RestartPolicy{}) {
		o.Restart = DefaultRestartPolicy()
	}
	o.Restart.check(bad)
	if w := o.Plan.Wait; o.Guarantee == twophase.ExactlyOnce && w.Longest > 0 && w.Longest+o.Interval >= o.TransactionTimeout {
		bad("a barrier can wait %v for calls of %q (timeout × attempts and the pauses between); with the checkpoint interval of %v that has to be less than the transaction timeout of %v: shorten the timeout, try less often, or raise WEIR_TRANSACTION_TIMEOUT",
			w.Longest, w.Operators, o.Interval, o.TransactionTimeout)
	}
	if len(errs) > 0 {
		return fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return nil
}
