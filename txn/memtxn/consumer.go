package memtxn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weirstream/weir/txn"
)

type consumer struct {
	client  *Client
	cluster *Cluster
	cfg     txn.ConsumerConfig
	handler txn.RebalanceHandler

	// Under the cluster's lock.
	member     *member // nil before it has joined
	generation int     // that its assignment is of; 0: none
	owned      []txn.Partition
	positions  map[txn.Partition]int64 // of the partitions that flow
	turn       int                     // which partition is read first
	paused     bool
	held       []txn.Partition
	closed     bool
}

const opPoll = "poll"

// Poll implements txn.Consumer.
func (k *consumer) Poll(wait time.Duration, most int) ([]*txn.Batch, error) {
	deadline := time.Now().Add(wait)
	for {
		batches, callback, changed, err := k.look(most)
		left := time.Until(deadline)
		switch {
		case callback != nil:
			callback()
		case err != nil || len(batches) > 0 || left <= 0:
			return batches, err
		default:
			await(context.Background(), changed, left)
		}
	}
}

// look does the next step of membership, which may end in a callback to be made without the lock, or else reads.
func (k *consumer) look(most int) (batches []*txn.Batch, callback func(), changed <-chan struct{}, err error) {
	leave, err := k.client.enter(opPoll)
	if err != nil {
		return nil, nil, nil, err
	}
	defer leave()
	if k.closed {
		return nil, nil, nil, fail(opPoll, txn.ClassNewProducer, "_DESTROY", errClosed)
	}
	if callback, err = k.rebalance(); callback != nil || err != nil {
		return nil, callback, nil, err
	}
	batches, err = k.fetch(most)
	return batches, nil, k.cluster.changed, err
}

// rebalance joins, gives back or takes over.
func (k *consumer) rebalance() (callback func(), err error) {
	g := k.cluster.group(k.cfg.Group)
	if k.member == nil {
		if err := k.join(g); err != nil {
			return nil, err
		}
	}
	m := k.member
	switch {
	case g.members[m.id] != m && g.static(k.cfg.InstanceID) != nil:
		return nil, fail(opPoll, txn.ClassFenced, "FENCED_INSTANCE_ID", errFenced)
	case g.members[m.id] != m: // its session was over, or somebody removed it
		k.member = nil
		return k.drop(k.handler.Lost), nil
	case g.rebalancing && !m.joined && len(k.owned) > 0:
		return k.drop(k.handler.Revoked), nil
	case g.rebalancing && !m.joined:
		m.joined = true
		g.complete(k.cluster)
		return k.rebalance()
	case !g.rebalancing && k.generation != g.generation:
		k.generation, k.owned = g.generation, slices.Clone(m.parts)
		clear(k.positions)
		meta := membership{group: k.cfg.Group, member: m.id, generation: g.generation}
		return func() { k.handler.Assigned(slices.Clone(m.parts), meta) }, nil
	}
	return nil, nil
}

func (k *consumer) join(g *group) error {
	topics, err := k.existing(opPoll)
	if err != nil {
		return err
	}
	k.generation = 0
	k.member = &member{instance: k.cfg.InstanceID, client: k.client, topics: topics, timeout: k.cfg.SessionTimeout}
	g.join(k.cluster, k.member)
	return nil
}

// existing are the topics subscribed to, sorted.
func (k *consumer) existing(op string) ([]string, error) {
	for _, topic := range k.cfg.Topics {
		if _, ok := k.cluster.topics[topic]; !ok {
			return nil, fail(op, txn.ClassFatal, "UNKNOWN_TOPIC_OR_PART", fmt.Errorf("topic %q does not exist", topic))
		}
	}
	return slices.Sorted(slices.Values(k.cfg.Topics)), nil
}

// drop stops reading at once; the partitions are the consumer's until tell returns.
func (k *consumer) drop(tell func([]txn.Partition)) func() {
	owned := k.owned
	clear(k.positions)
	return func() {
		tell(slices.Clone(owned))
		k.cluster.mu.Lock()
		defer k.cluster.mu.Unlock()
		k.owned = nil
	}
}

// fetch reads up to most records, beginning behind the partition that gave the last ones.
func (k *consumer) fetch(most int) ([]*txn.Batch, error) {
	if k.paused {
		return nil, nil
	}
	var out []*txn.Batch
	first := k.turn
	for i := range k.owned {
		p := k.owned[(first+i)%len(k.owned)]
		from, flows := k.positions[p]
		if !flows || most <= 0 || slices.Contains(k.held, p) {
			continue
		}
		log, err := k.cluster.partition(p)
		if err != nil {
			return out, fail(opPoll, txn.ClassFatal, "UNKNOWN_TOPIC_OR_PART", err)
		}
		if ends := log.ends(); from < ends.Low || from > ends.High {
			if len(out) > 0 {
				return out, nil // the error comes with the next Poll
			}
			return nil, fail(opPoll, txn.ClassFatal, "OFFSET_OUT_OF_RANGE", fmt.Errorf(
				"topic %q partition %d holds offsets %d to %d, not position %d", p.Topic, p.ID, ends.Low, ends.High, from))
		}
		b := txn.NewBatch(p)
		k.positions[p] = log.read(from, most, func(r txn.Record) {
			b.Records = append(b.Records, r)
			b.Bytes += len(r.Key) + len(r.Value)
		})
		if most -= len(b.Records); len(b.Records) > 0 {
			k.turn = (first + i + 1) % len(k.owned)
			out = append(out, b)
		}
	}
	return out, nil
}

// Seek implements txn.Consumer.
func (k *consumer) Seek(positions map[txn.Partition]int64) error {
	return k.change("seek", func() {
		k.paused, k.held = false, nil
		clear(k.positions)
		for p, offset := range positions {
			if slices.Contains(k.owned, p) {
				k.positions[p] = offset
			}
		}
	})
}

// Pause implements txn.Consumer.
func (k *consumer) Pause() error { return k.change("pause", func() { k.paused = true }) }

// Resume implements txn.Consumer.
func (k *consumer) Resume() error { return k.change("resume", func() { k.paused = false }) }

func (k *consumer) change(op string, f func()) error {
	leave, err := k.client.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	if k.closed {
		return fail(op, txn.ClassNewProducer, "_DESTROY", errClosed)
	}
	f()
	return nil
}

// Commit implements txn.Consumer.
func (k *consumer) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	const op = "commit offsets"
	if err := abandoned(ctx, op, txn.ClassUnknown); err != nil {
		return err
	}
	if err := checkMetadata(op, offsets); err != nil {
		return err
	}
	leave, err := k.client.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	m, ok := meta.(membership)
	if !ok {
		return fail(op, txn.ClassFatal, "_INVALID_ARG", errors.New("not this driver's group metadata"))
	}
	g := k.cluster.group(m.group)
	if err := g.check(m); err != nil {
		return fail(op, txn.ClassAbort, "ILLEGAL_GENERATION", err)
	}
	for p, pos := range offsets {
		g.offsets[p] = pos
	}
	return nil
}

// Committed implements txn.Consumer.
func (k *consumer) Committed(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	return k.client.stably(ctx, k.cfg.Group, func(*group) []txn.Partition { return parts })
}

// Close implements txn.Consumer. A static member stays in the group, as with other drivers, until Admin.Leave or the end of its
// session.
func (k *consumer) Close() error {
	leave, err := k.client.enter("close consumer")
	if err != nil {
		return nil // whoever is dead has left nothing open
	}
	if k.closed {
		leave()
		return nil
	}
	k.closed = true
	callback := func() {}
	if len(k.owned) > 0 {
		callback = k.drop(k.handler.Revoked)
	}
	leave()
	callback()
	k.cluster.mu.Lock()
	defer k.cluster.mu.Unlock()
	if m := k.member; m != nil {
		m.left = time.Now()
		if m.instance == "" {
			k.cluster.group(k.cfg.Group).remove(k.cluster, m)
		}
	}
	return nil
}
