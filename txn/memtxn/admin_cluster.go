package memtxn

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/weirstream/weir/txn"
)

// TopicConfig implements txn.Admin. It knows what was given when the topic was made, and how logs are cleaned by default.
func (a *admin) TopicConfig(ctx context.Context, topic string) (map[string]string, error) {
	const op = "describe topic"
	leave, err := a.enter(ctx, op)
	if err != nil {
		return nil, err
	}
	defer leave()
	config, ok := a.cluster.configs[topic]
	if !ok {
		return nil, unknownTopic(op, topic)
	}
	return maps.Clone(config), nil
}

// Limits implements txn.Admin. Like the brokers of the tests, this one takes every timestamp.
func (a *admin) Limits(ctx context.Context, topic string) (txn.Limits, error) {
	const op = "describe topic"
	leave, err := a.enter(ctx, op)
	if err != nil {
		return txn.Limits{}, err
	}
	defer leave()
	if _, ok := a.cluster.configs[topic]; !ok {
		return txn.Limits{}, unknownTopic(op, topic)
	}
	return txn.Limits{Bytes: a.cluster.largest(topic)}, nil
}

// ReadAll implements txn.Admin.
func (a *admin) ReadAll(ctx context.Context, topic string) (all []txn.Record, err error) {
	err = a.readStably(ctx, topic, func(r txn.Record) { all = append(all, r) })
	return all, err
}

// Ahead implements txn.Admin.
func (a *admin) Ahead(ctx context.Context, topic string, from map[int32]int64) (map[int32]int64, error) {
	found := map[int32]int64{}
	err := a.readStably(ctx, topic, func(r txn.Record) {
		if _, known := found[r.Partition]; !known && r.Offset >= from[r.Partition] {
			found[r.Partition] = r.Offset
		}
	})
	return found, err
}

// readStably passes all of a topic to fn once everything before its ends as of the call is decided.
func (a *admin) readStably(ctx context.Context, topic string, fn func(txn.Record)) error {
	const op = "read a whole topic"
	var ends []int64
	for {
		leave, err := a.enter(ctx, op)
		if err != nil {
			return err
		}
		parts, ok := a.cluster.topics[topic]
		switch {
		case !ok:
			leave()
			return unknownTopic(op, topic)
		case ends == nil:
			for _, p := range parts {
				ends = append(ends, p.ends().High)
			}
		}
		if stableUpTo(parts, ends) {
			defer leave()
			upTo(topic, parts, ends, fn)
			return nil
		}
		changed := a.cluster.changed
		leave()
		await(ctx, changed, 100*time.Millisecond) // what holds it back may expire, which tells nobody
	}
}

func unknownTopic(op, topic string) error {
	return fail(op, txn.ClassFatal, "UNKNOWN_TOPIC_OR_PART", fmt.Errorf("topic %q does not exist", topic))
}

func stableUpTo(parts []*partition, ends []int64) bool {
	for i, p := range parts {
		if p.stable() < ends[i] {
			return false
		}
	}
	return true
}

func upTo(topic string, parts []*partition, ends []int64, fn func(txn.Record)) {
	for id, p := range parts {
		p.read(p.low, len(p.entries), func(r txn.Record) {
			if r.Offset < ends[id] {
				r.Topic, r.Partition = topic, int32(id)
				fn(r)
			}
		})
	}
}

// ClusterID implements txn.Admin.
func (a *admin) ClusterID(ctx context.Context) (string, error) {
	leave, err := a.enter(ctx, "describe cluster")
	if err != nil {
		return "", err
	}
	defer leave()
	return a.cluster.id, nil
}
