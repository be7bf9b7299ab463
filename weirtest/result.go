package weirtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

// outcome is all that a job leaves for others: outputs in order, and the state that the decision record names.
type outcome struct {
	outputs map[string][]string // by topic and key
	entries []entry
	clock   int64 // in ms, when that was so
}

func (w *world) outcome() (outcome, error) {
	o := outcome{outputs: map[string][]string{}, clock: time.Now().UnixMilli()}
	for _, topic := range w.outputs {
		records, err := w.sink.Records(topic, true)
		if err != nil {
			return o, err
		}
		for _, r := range records {
			key := fmt.Sprintf("key %q of topic %q", r.Key, topic)
			if r.Key == nil {
				key = fmt.Sprintf("no key in partition %d of topic %q", r.Partition, topic)
			}
			o.outputs[key] = append(o.outputs[key], w.show(r))
		}
	}
	c, err := w.committedState()
	if err != nil {
		return o, err
	}
	for _, k := range c {
		err = errors.Join(err, w.entries(&o, c, k))
	}
	return o, err
}

// entries adds what is compared of a checkpoint's state.
func (w *world) entries(o *outcome, c committed, k kept) error {
	view, err := k.backend.Snapshot() // never closed: it is memory, and what expires is looked up later
	if err != nil {
		return err
	}
	return k.each(func(d state.Descriptor, stored, key, suffix, value []byte) error {
		if w.unstable[[2]string{d.UID, d.Name}] || c.stamps(d) { // stamps are mostly by the machine's clock, which a crash takes further
			return nil
		}
		e := entry{label: fmt.Sprintf("state %q of operator %q, key %q%q", d.Name, d.UID, key, suffix), shown: fmt.Sprintf("%q", value)}
		if e.expired, err = k.lives.expiry(d, view, slices.Clone(stored), binary.BigEndian.Uint16(stored)); err != nil {
			return err
		}
		if d.Kind == state.KindList && e.expired != nil {
			if len(suffix) == 0 {
				return nil // how many there are, dead ones too
			}
			e.label, e.element = fmt.Sprintf("state %q of operator %q, key %q", d.Name, d.UID, key), true
		}
		o.entries = append(o.entries, e)
		return nil
	})
}

// committed is the state of all of a job's checkpoints: one, or one for each shard.
type committed []kept

// kept is the state of a checkpoint.
type kept struct {
	states  map[uint16]state.Descriptor
	backend *memory.Backend
	lives   lives
}

// committedState restores, from the store alone, the checkpoints that the decision records name.
func (w *world) committedState() (all committed, err error) {
	decided, err := w.decisions()
	if err != nil {
		return nil, err
	}
	for _, shard := range sortedKeys(decided) {
		k, err := w.restored(shard, decided[shard])
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

func (w *world) restored(shard string, id checkpoint.ID) (kept, error) {
	k := kept{states: map[uint16]state.Descriptor{}, backend: memory.New()}
	repo, err := checkpoint.NewRepository(w.store, w.name, "", checkpoint.Options{Shard: shard})
	if err != nil {
		return k, err
	}
	ctx := context.Background()
	m, err := repo.LoadManifest(ctx, id)
	if err != nil {
		return k, fmt.Errorf("the decision record names checkpoint %s: %w", id, err)
	}
	for _, d := range m.States {
		k.states[d.ID] = d
	}
	if k.lives, err = w.livesIn(m); err != nil {
		return k, err
	}
	plan, err := repo.Plan(ctx, id, "")
	if err != nil {
		return k, fmt.Errorf("checkpoint %s: %w", id, err)
	}
	return k, repo.Restore(ctx, plan, k.backend)
}

// stamps says whether a state only says when the values of another one, which has a TTL, were last used.
func (c committed) stamps(d state.Descriptor) bool {
	return slices.ContainsFunc(c, func(k kept) bool {
		for _, of := range k.states {
			if d.IsStampsOf(of) {
				return true
			}
		}
		return false
	})
}

// decided are the positions of the decision records.
func (w *world) decided() (map[txn.Partition]txn.Position, error) {
	if !w.twoClusters || w.guarantee != twophase.ExactlyOnce {
		return w.cluster.Committed(w.name), nil
	}
	records, err := w.sink.Records(commits.Topic(w.name).Name, true)
	if err != nil {
		return nil, err
	}
	return commits.Newest(records)
}

// decisions are the checkpoints that the decision records name, by shard.
func (w *world) decisions() (map[string]checkpoint.ID, error) {
	decided, err := w.decided()
	if err != nil {
		return nil, err
	}
	named := map[string]checkpoint.ID{}
	for p, pos := range decided {
		shard, holds := w.shardOf(p)
		if !holds {
			continue
		}
		m, ok, err := checkpoint.DecodeMetadata(pos.Metadata)
		if err != nil {
			return nil, err
		}
		if ok {
			named[shard] = m.ID
		}
	}
	return named, nil
}

// each visits all entries, of each checkpoint in the order of their keys.
func (c committed) each(visit func(d state.Descriptor, key, suffix, value []byte) error) error {
	for _, k := range c {
		err := k.each(func(d state.Descriptor, _, key, suffix, value []byte) error { return visit(d, key, suffix, value) })
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits all entries, with their keys as they are stored and in parts.
func (k kept) each(visit func(d state.Descriptor, stored, key, suffix, value []byte) error) (err error) {
	scanErr := k.backend.Scan(nil, nil, func(stored, v []byte) bool {
		_, id, key, suffix, splitErr := state.SplitKey(stored)
		if err = splitErr; err == nil {
			err = visit(k.states[id], stored, key, suffix, v)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	return scanErr
}

func sortedKeys[V any](maps ...map[string]V) []string {
	seen := map[string]bool{}
	var keys []string
	for _, m := range maps {
		for k := range m {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	sort.Strings(keys)
	return keys
}
