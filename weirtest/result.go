package weirtest

import (
	"context"
	"fmt"
	"sort"

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
	state   map[string]string
}

func (w *world) outcome() (outcome, error) {
	o := outcome{outputs: map[string][]string{}, state: map[string]string{}}
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
	return o, c.each(func(d state.Descriptor, key, suffix, value []byte) error {
		if !w.unstable[[2]string{d.UID, d.Name}] {
			o.state[fmt.Sprintf("state %q of operator %q, key %q%q", d.Name, d.UID, key, suffix)] = fmt.Sprintf("%q", value)
		}
		return nil
	})
}

// committed is the state of a checkpoint.
type committed struct {
	states  map[uint16]state.Descriptor
	backend *memory.Backend
}

// committedState restores, from the store alone, the checkpoint that the decision record names.
func (w *world) committedState() (committed, error) {
	c := committed{states: map[uint16]state.Descriptor{}, backend: memory.New()}
	id, err := w.decision()
	if err != nil || id == "" {
		return c, err
	}
	repo, err := checkpoint.NewRepository(w.store, w.name, "", checkpoint.Options{})
	if err != nil {
		return c, err
	}
	ctx := context.Background()
	m, err := repo.LoadManifest(ctx, id)
	if err != nil {
		return c, fmt.Errorf("the decision record names checkpoint %s: %w", id, err)
	}
	for _, d := range m.States {
		c.states[d.ID] = d
	}
	plan, err := repo.Plan(ctx, id, "")
	if err != nil {
		return c, fmt.Errorf("checkpoint %s: %w", id, err)
	}
	return c, repo.Restore(ctx, plan, c.backend)
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

// decision is the checkpoint that the decision records name; empty: none.
func (w *world) decision() (id checkpoint.ID, err error) {
	decided, err := w.decided()
	for _, pos := range decided {
		m, _, err := checkpoint.DecodeMetadata(pos.Metadata)
		if err != nil {
			return "", err
		}
		id = m.ID
	}
	return id, err
}

// each visits all entries in the order of their keys.
func (c committed) each(visit func(d state.Descriptor, key, suffix, value []byte) error) (err error) {
	scanErr := c.backend.Scan(nil, nil, func(k, v []byte) bool {
		_, id, key, suffix, splitErr := state.SplitKey(k)
		if err = splitErr; err == nil {
			err = visit(c.states[id], key, suffix, v)
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
