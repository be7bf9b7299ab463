package memtxn

import (
	"context"
	"slices"

	"github.com/weirstream/weir/txn"
)

// Hold implements txn.Consumer.
func (k *consumer) Hold(parts []txn.Partition) error {
	return k.change("hold", func() { k.held = slices.Clone(parts) })
}

// Subscribe implements txn.Consumer.
func (k *consumer) Subscribe(topics []string) error {
	const op = "subscribe"
	leave, err := k.client.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	k.cfg.Topics = slices.Clone(topics)
	sorted, err := k.existing(op)
	g := k.cluster.group(k.cfg.Group)
	if err != nil || k.member == nil || g.members[k.member.id] != k.member {
		return err // it joins, or hears of its end, in the next Poll
	}
	k.member.topics = sorted
	g.rebalance(k.cluster)
	return nil
}

// Position implements txn.Consumer. Markers are behind it as soon as they were met.
func (k *consumer) Position(p txn.Partition) int64 {
	k.cluster.mu.Lock()
	defer k.cluster.mu.Unlock()
	if at, flows := k.positions[p]; flows {
		return at
	}
	return -1
}

// Ends implements txn.Consumer.
func (k *consumer) Ends(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Ends, error) {
	return ask(ctx, k, parts, func(log *partition) (txn.Ends, bool) { return log.ends(), true })
}

// Stable implements txn.Consumer.
func (k *consumer) Stable(ctx context.Context, parts []txn.Partition) (map[txn.Partition]int64, error) {
	return ask(ctx, k, parts, func(log *partition) (int64, bool) { return log.stable(), true })
}

// Since implements txn.Consumer.
func (k *consumer) Since(ctx context.Context, parts []txn.Partition, ts int64) (map[txn.Partition]int64, error) {
	return ask(ctx, k, parts, func(log *partition) (int64, bool) { return log.since(ts) })
}

// ask looks at the logs of partitions.
func ask[T any](ctx context.Context, k *consumer, parts []txn.Partition, what func(log *partition) (T, bool)) (map[txn.Partition]T, error) {
	const op = "list offsets"
	if err := abandoned(ctx, op, txn.ClassRetry); err != nil {
		return nil, err
	}
	leave, err := k.client.enter(op)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := map[txn.Partition]T{}
	for _, p := range parts {
		log, err := k.cluster.partition(p)
		if err != nil {
			return nil, fail(op, txn.ClassFatal, "UNKNOWN_TOPIC_OR_PART", err)
		}
		if v, ok := what(log); ok {
			out[p] = v
		}
	}
	return out, nil
}

// KnownEnd implements txn.Consumer. As with other drivers it is the last stable offset.
func (k *consumer) KnownEnd(p txn.Partition) int64 {
	k.cluster.mu.Lock()
	defer k.cluster.mu.Unlock()
	log, err := k.cluster.partition(p)
	if err != nil || !slices.Contains(k.owned, p) {
		return -1
	}
	return log.stable()
}
