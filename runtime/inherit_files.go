package runtime

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// founding is the first checkpoint of a job, of all its shards, under a run of its own: whatever else this process or others write has another.
type founding struct {
	*beginning
	origin  *origin
	states  *inherited
	at      *places
	run     string
	id      checkpoint.ID // of the checkpoint
	offsets map[txn.Partition]txn.Position
	repos   []*checkpoint.Repository
	entries uint64

	next state.Blocks
	held []state.Entry // taken from next, and of a later shard
}

func newFounding(b *beginning, from *origin, states *inherited, at *places) *founding {
	run := checkpoint.NewRun()
	return &founding{beginning: b, origin: from, states: states, at: at, run: run, id: checkpoint.MakeID(run, 1)}
}

// write makes the checkpoint of every shard durable. It decides nothing.
func (f *founding) write() (err error) {
	next, closeScan, err := f.origin.scan(f.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeScan()) }()
	f.in.inherited.begin(f.origin.header.Size())
	defer func() { f.in.inherited.end(err) }()
	f.next = f.states.take(f.counted(next))
	if groups := f.in.o.MaxParallelism; groups != f.origin.header.MaxParallelism {
		var remove func() error
		if f.next, remove, err = f.states.regroup(f.ctx, f.next, groups, f.from.Scratch); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
	}
	for _, s := range f.in.shards {
		if err := f.writeShard(s); err != nil {
			return err
		}
	}
	if block, err := f.peek(); err != nil || len(block) > 0 {
		return errors.Join(err, f.left(block))
	}
	f.offsets, err = f.positions()
	return err
}

// left: every key group is a shard's, unless the job keeps no state at all.
func (f *founding) left(block []state.Entry) error {
	if len(block) == 0 {
		return nil
	}
	return fmt.Errorf("%w: entry with key %x is of no shard of the job", ErrState, block[0].Key)
}

// writeShard writes the base of a shard's key groups, and the manifest that stands on it.
func (f *founding) writeShard(s *shard) error {
	repo, err := checkpoint.NewRepository(f.in.o.Store, f.in.o.JobID, f.run, checkpoint.Options{Shard: s.name})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	f.repos = append(f.repos, repo)
	from, to := f.in.keyGroups(s)
	base, err := repo.WriteBase(f.ctx, checkpoint.MakeID(f.run, 0), func(fn func(key, value []byte) bool) error {
		for {
			block, err := f.peek()
			if err != nil || len(block) == 0 || groupOf(block[0]) >= to {
				return err
			}
			n := sort.Search(len(block), func(i int) bool { return groupOf(block[i]) >= to })
			f.held = block[n:]
			for _, e := range block[:n] {
				if !fn(e.Key, e.Value) {
					return nil
				}
			}
		}
	})
	if err != nil {
		return err
	}
	hit("inherit-base")
	_, err = repo.Prepare(f.ctx, f.manifest(s, base, from, to), nil)
	return err
}

// peek returns the next entries and leaves them there, none at the end.
func (f *founding) peek() (_ []state.Entry, err error) {
	if len(f.held) == 0 {
		f.held, err = f.next()
	}
	return f.held, err
}

func groupOf(e state.Entry) uint16 { return binary.BigEndian.Uint16(e.Key) }

// counted tells how far the loading has come.
func (f *founding) counted(next state.Blocks) state.Blocks {
	return func() ([]state.Entry, error) {
		block, err := next()
		read := int64(0)
		for i := range block {
			read += int64(len(block[i].Key) + len(block[i].Value))
		}
		f.in.inherited.add(read)
		f.entries += uint64(len(block))
		return block, err
	}
}

func (f *founding) manifest(s *shard, base checkpoint.BaseRef, from, to uint16) checkpoint.Manifest {
	in := f.in
	m := checkpoint.Manifest{
		Job: in.o.JobID, Instance: in.o.InstanceID, Shard: s.name, Exchange: in.o.Exchange, ID: f.id, Parent: base.At, Base: base,
		States: f.states.states, MaxParallelism: in.o.MaxParallelism, RestoredFrom: f.from.shown(), Watermarks: f.watermarks(from, to),
	}
	if !in.single() {
		m.Shards = len(in.shards)
		m.Inputs = f.inputs()
	}
	for _, p := range slices.SortedFunc(maps.Keys(f.at.positions), txn.Partition.Compare) {
		if in.shardOf(p) != s {
			continue
		}
		at := checkpoint.SourcePosition{Operator: in.readerOf(p.Topic), Topic: p.Topic, Partition: p.ID, Offset: f.at.positions[p]}
		if t, ok := f.at.times[p]; ok {
			at.Watermark, at.Idle = t.Watermark, t.Idle
		}
		m.Sources = append(m.Sources, at)
	}
	return m
}

// watermarks are those of the stages' key groups that a shard has. In other key groups no range means what it did: then a stage goes on with the least
// of its watermarks, if it has one for every group.
func (f *founding) watermarks(from, to uint16) (all []checkpoint.StageWatermark) {
	groups, before := f.in.o.MaxParallelism, f.origin.header.MaxParallelism
	if groups == before {
		for _, w := range f.at.stages {
			if w.From < to && w.To > from {
				all = append(all, w)
			}
		}
		return all
	}
	least := map[string]checkpoint.StageWatermark{}
	covered := map[string]int{}
	for _, w := range f.at.stages {
		l, some := least[w.Operator]
		if !some || w.Watermark < l.Watermark {
			least[w.Operator] = checkpoint.StageWatermark{Operator: w.Operator, To: uint16(groups), Watermark: w.Watermark}
		}
		covered[w.Operator] += int(w.To - w.From)
	}
	for uid, w := range least {
		if covered[uid] == before {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b checkpoint.StageWatermark) int { return cmp.Compare(a.Operator, b.Operator) })
	return all
}

// inputs are what source partitions would have said last in the repartition topics: who has no more records would not say it again. Keyed stages
// tell by themselves (task.resume).
func (f *founding) inputs() (all []checkpoint.InputWatermark) {
	in := f.in
	for _, p := range slices.SortedFunc(maps.Keys(f.at.times), txn.Partition.Compare) {
		for i := range in.o.Plan.Stages {
			s := &in.o.Plan.Stages[i]
			if !s.EventTime || !in.reads(s.Source, p.Topic) {
				continue
			}
			for _, x := range s.Sends {
				all = append(all, checkpoint.InputWatermark{
					Operator: in.o.Plan.Exchanges[x].UID, Sender: sourceSender(p), Watermark: f.at.times[p].Watermark, Idle: f.at.times[p].Idle,
				})
			}
		}
	}
	return all
}

// positions are what the decision record will hold for all partitions.
func (f *founding) positions() (map[txn.Partition]txn.Position, error) {
	all := make(map[txn.Partition]txn.Position, len(f.at.positions))
	for p, offset := range f.at.positions {
		m := checkpoint.Metadata{ID: f.id, Exchange: f.in.o.Exchange}
		if t, ok := f.at.times[p]; ok && f.in.shardOf(p) == nil {
			m.Watermark, m.Idle = t.Watermark, t.Idle
		}
		if end, bounded := f.at.ends[p]; bounded {
			m.End = &end
		}
		text, err := m.Encode()
		if err != nil {
			return nil, err
		}
		all[p] = txn.Position{Offset: offset, Metadata: text}
	}
	return all, nil
}

// mark notes in the store that the checkpoint is committed.
func (f *founding) mark() {
	for _, repo := range f.repos {
		if err := repo.MarkCommitted(f.ctx, f.id); err != nil {
			f.in.log.Warn("could not mark the committed checkpoint in the store", "checkpoint", f.id, "err", err)
		}
	}
}
