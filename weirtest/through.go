package weirtest

import (
	"slices"
	"strconv"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// ThroughKafka runs the job with WEIR_EXCHANGE=kafka: records cross between its stages in repartition topics with that many partitions, and
// each of these has a part of the state, with checkpoints and local state of its own. If their number is that of the inputs (Partitions), the job makes
// the topics itself, and what goes wrong there is among the faults; else they are there before it. With more than one partition, records of a
// key that reach a second KeyBy come from several tasks, so that their order is anybody's guess.
//
// With AtLeastOnce records can repeat in repartition topics, and operators behind them take a repeated record for another one. CrashEverywhere then
// only checks that nothing is missing: every key has as many outputs as without a fault, or more, and every key that has state has some.
func ThroughKafka(partitions int) Option {
	return func(s *settings) { s.exchange, s.shards = checkpoint.ExchangeKafka, partitions }
}

// layOut finds the repartition topics, and makes those that the job would make otherwise.
func (w *world) layOut(plan *stream.Plan) error {
	if w.exchange == "" {
		return nil
	}
	for _, x := range plan.Exchanges {
		w.internal = append(w.internal, runtime.RepartitionTopic(w.name, x.UID))
	}
	if w.shards == w.partitions {
		return nil
	}
	for _, topic := range w.internal {
		if err := w.cluster.CreateTopic(topic, w.shards); err != nil {
			return err
		}
	}
	return nil
}

// through gives a process the exchange, and a disk for each shard.
func (w *world) through(l *life, o runtime.Options) runtime.Options {
	if w.exchange != "" {
		o.Exchange, o.Backend = w.exchange, nil
		o.OpenShard = func(name string) (state.Backend, error) { return w.disk.open(name, l), nil }
	}
	return o
}

// crossed says whether all that others can read in repartition topics is processed and committed.
func (w *world) crossed(committed map[txn.Partition]txn.Position) bool {
	for _, topic := range w.internal {
		records, err := w.cluster.Records(topic, true)
		if err != nil {
			return false
		}
		for _, r := range records {
			if r.Offset >= committed[txn.Partition{Topic: topic, ID: r.Partition}].Offset {
				return false
			}
		}
	}
	return true
}

// shardOf is the shard whose checkpoint is named beside the offset of a partition; holds is false if none is.
func (w *world) shardOf(p txn.Partition) (shard string, holds bool) {
	if w.exchange == "" {
		return "", true
	}
	return strconv.Itoa(int(p.ID)), slices.Contains(w.internal, p.Topic)
}
