package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/txn"
)

// purgeEvery is how often records of repartition topics are let go that are consumed and committed.
const purgeEvery = 10 * time.Second

// topicName is what Kafka takes for one.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// RepartitionTopic names the topic in which a job's records cross (WEIR_EXCHANGE=kafka), by the uid of the operator that parts them.
func RepartitionTopic(job, uid string) string { return job + "-" + uid + "-repartition" }

// prepareRepartition makes the repartition topics, unless they are there, and a shard for each of their partitions. All have the same number of
// partitions, so that the same number means the same key groups: as many as the widest source has, unless they were made before.
func (in *Instance) prepareRepartition(ctx context.Context, counts map[string]int) error {
	n := 0
	for _, topic := range in.topology.sources.list() {
		n = max(n, counts[topic])
	}
	n = min(n, in.o.MaxParallelism)
	topics, err := in.nameTopics()
	if err != nil {
		return err
	}
	n, err = in.makeTopics(ctx, topics, n)
	if err != nil {
		return err
	}
	in.topology.repartition, in.topology.parallelism = topics, n
	if len(topics) == 0 {
		n = 0
	}
	for i := range n {
		s, err := newShard(in, i, strconv.Itoa(i))
		if err != nil {
			return err
		}
		in.shards = append(in.shards, s)
	}
	return nil
}

// nameTopics names the topic of each exchange, if records can cross in it.
func (in *Instance) nameTopics() (topics []string, err error) {
	var errs []error
	for _, x := range in.o.Plan.Exchanges {
		name := RepartitionTopic(in.o.JobID, x.UID)
		switch {
		case !x.Named:
			errs = append(errs, fmt.Errorf("operator %q: its records cross in a topic that is named after its uid: add stream.UID(\"…\")", x.UID))
		case !topicName.MatchString(name):
			errs = append(errs, fmt.Errorf("operator %q: its records cross in a topic that would be named %q: expected up to 249 letters, digits, '.', '_' and '-'; change its uid or WEIR_JOB_ID", x.UID, name))
		}
		if !x.Portable {
			errs = append(errs, fmt.Errorf("operator %q: its records cross in a topic and need a codec: add stream.Through(…)", x.UID))
		}
		topics = append(topics, name)
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: WEIR_EXCHANGE=kafka: %w", ErrConfig, errors.Join(errs...))
	}
	return topics, nil
}

// makeTopics creates what is missing and returns how many partitions all have.
func (in *Instance) makeTopics(ctx context.Context, topics []string, partitions int) (int, error) {
	if len(topics) == 0 {
		return partitions, nil
	}
	counts, err := in.admin.Topics(ctx, topics)
	if err != nil {
		return 0, fmt.Errorf("repartition topics %q: %w", topics, err)
	}
	for _, n := range counts {
		partitions = n
	}
	if err := in.checkAlike(topics, counts, partitions); err != nil {
		return 0, err
	}
	var missing []txn.TopicSpec
	for _, topic := range topics {
		if counts[topic] == 0 {
			missing = append(missing, txn.TopicSpec{Name: topic, Partitions: partitions, Config: map[string]string{
				// Nothing goes by age or size: what is consumed and committed is deleted (purge).
				"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1",
			}})
		}
	}
	if len(missing) == 0 {
		return partitions, nil
	}
	largest, err := in.largestCrossing(ctx)
	if err != nil {
		return 0, err
	}
	for _, spec := range missing {
		spec.Config["max.message.bytes"] = strconv.Itoa(largest)
	}
	if err := in.admin.CreateTopics(ctx, missing); err != nil {
		return 0, fmt.Errorf("creating repartition topics with max.message.bytes=%d (WEIR_EXCHANGE=kafka); if the cluster doesn't allow that, create %q yourself, with %d partitions: %w", largest, topics, partitions, err)
	}
	if counts, err = in.admin.Topics(ctx, topics); err != nil { // another instance may have been quicker
		return 0, fmt.Errorf("repartition topics %q: %w", topics, err)
	}
	return partitions, in.checkAlike(topics, counts, partitions)
}

// largestCrossing is what repartition topics have to take: of a record of the largest that the sources' topics take, the key, the value, and the source record for
// a dead letter.
func (in *Instance) largestCrossing(ctx context.Context) (int, error) {
	const byDefault, room = 1048588, 64 << 10
	largest := byDefault
	for _, topic := range in.topology.sources.list() {
		config, err := in.admin.TopicConfig(ctx, topic)
		switch class := txn.ClassOf(err); {
		case class == txn.ClassFatal:
			in.log.Info("the size of records of a source is not known (allow the operation DescribeConfigs); Kafka's default is assumed", "topic", topic, "err", err)
			continue
		case err != nil:
			return 0, fmt.Errorf("topic %q: %w", topic, err)
		}
		if n, err := strconv.Atoi(config["max.message.bytes"]); err == nil {
			largest = max(largest, n)
		}
	}
	return min(3*largest+room, math.MaxInt32), nil
}

// checkAlike makes sure that the topics that there are have this number of partitions.
func (in *Instance) checkAlike(topics []string, counts map[string]int, partitions int) error {
	for _, topic := range topics {
		if n := counts[topic]; n != 0 && (n != partitions || n > in.o.MaxParallelism) {
			return fmt.Errorf("%w: repartition topic %q has %d partitions, expected %d as the job's other ones and at most %d (WEIR_MAX_PARALLELISM): what is in them is parted by that number. Don't change it by hand; a job with another one needs a new WEIR_JOB_ID",
				ErrConfig, topic, n, partitions, in.o.MaxParallelism)
		}
	}
	return nil
}

// whole leaves out partitions of shards that are not all ours: a topic that was just created may be missing in a first assignment, for every
// member, and another one follows.
func (in *Instance) whole(owned []txn.Partition) []txn.Partition {
	of := map[int32]int{}
	for _, p := range owned {
		if _, ok := in.topology.exchangeOf(p.Topic); ok {
			of[p.ID]++
		}
	}
	return slices.DeleteFunc(slices.Clone(owned), func(p txn.Partition) bool {
		_, internal := in.topology.exchangeOf(p.Topic)
		missing := internal && of[p.ID] < len(in.topology.repartition)
		if missing {
			in.log.Warn("the group gave us this partition without those of the job's other repartition topics; waiting for them (all members need the same version of the job)",
				"topic", p.Topic, "partition", p.ID)
		}
		return missing
	})
}

// checkNeighbours enters this instance into the store's register and looks for the others of the group there: who is not in it works with
// another store, or with the exchange in memory. It is for the time before this instance joins; checkMet follows behind.
func (in *Instance) checkNeighbours(ctx context.Context) error {
	known, err := in.registered(ctx)
	if err != nil {
		return err
	}
	for _, i := range known {
		if err := in.checkShards(i.Shards); err != nil {
			return err
		}
	}
	if err := in.enlist(ctx); err != nil {
		return err
	}
	return in.checkRegistered(ctx)
}

// checkRegistered refuses to work beside members of the group that are not in the store's register. Everybody enters it before joining.
func (in *Instance) checkRegistered(ctx context.Context) error {
	others, err := in.otherMembers(ctx)
	if err != nil || len(others) == 0 {
		return err
	}
	known, err := in.registered(ctx)
	if err != nil {
		return err
	}
	registered := map[string]bool{}
	for _, i := range known {
		registered[i.ID] = i.Exchange == in.o.Exchange
	}
	for _, m := range others {
		if !registered[m.InstanceID] {
			return fmt.Errorf("%w: group %q has member %s, which does not use WEIR_CHECKPOINT_STORE=%s with WEIR_EXCHANGE=kafka. Several instances of a job need one store that all of them reach (a folder of this machine is not shared), and the same exchange",
				ErrOccupied, in.o.JobID, describe([]txn.Member{m}), in.o.Store.URL())
		}
	}
	return nil
}

// enlist enters this instance into the store's register, before it joins the group.
func (in *Instance) enlist(ctx context.Context) error {
	me := checkpoint.Instance{ID: in.o.InstanceID, Run: in.runName, Exchange: in.o.Exchange, RestoreFrom: in.o.RestoreFrom.shown(), Started: time.Now().UTC()}
	if !in.single() {
		me.Shards = len(in.shards)
	}
	if err := checkpoint.Register(ctx, in.o.Store, in.o.JobID, me); err != nil {
		return fmt.Errorf("checkpoint store %s: %w", in.o.Store.URL(), err)
	}
	return nil
}

// registered reads the register.
func (in *Instance) registered(ctx context.Context) ([]checkpoint.Instance, error) {
	known, err := checkpoint.Instances(ctx, in.o.Store, in.o.JobID)
	if err != nil {
		return nil, fmt.Errorf("checkpoint store %s: %w", in.o.Store.URL(), err)
	}
	return known, nil
}

// purge lets go of records of repartition topics that are consumed and committed, from time to time and in the background: nothing hangs on it.
func (in *Instance) purge() {
	if in.single() || time.Since(in.purged) < purgeEvery {
		return
	}
	before := map[txn.Partition]int64{}
	for p, o := range in.decision.positions {
		if _, ok := in.topology.exchangeOf(p.Topic); ok && o > 0 {
			before[p] = o
		}
	}
	if len(before) == 0 {
		return
	}
	in.purged = time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(in.ctx, purgeEvery)
		defer cancel()
		if err := in.admin.DeleteRecords(ctx, before); err != nil && in.ctx.Err() == nil {
			in.log.Warn("deleting consumed records of repartition topics; they stay for now", "err", err)
		}
	}()
}
