package runtime

import (
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// flight is an epoch from its barrier to its decision.
type flight struct {
	id      checkpoint.ID
	began   time.Time
	warning *time.Timer // that its barrier is slow
	sealed  *sealed
	parts   []*part // as of Store
}

// part is what an epoch has changed in one shard.
type part struct {
	shard    *shard
	manifest checkpoint.Manifest
	runs     [][]state.Entry // that follow on each other, by Store
}

// checkpoint is the one that will hold the state of a shard, if the epoch is decided.
func (f *flight) checkpoint(s *shard, before decision) checkpoint.ID {
	for _, p := range f.parts {
		if p.shard == s {
			return f.id
		}
	}
	return before.checkpoints[s]
}

// split finds the shards that an epoch has changed, and describes their checkpoints.
func (in *Instance) split(f *flight) {
	positions := map[*shard][]txn.Partition{}
	moved := map[*shard]bool{}
	for p, o := range f.sealed.positions {
		if s := in.shardOf(p); s != nil {
			positions[s] = append(positions[s], p)
			moved[s] = moved[s] || in.decision.positions[p] != o
		}
	}
	for s, of := range positions {
		// With one shard each epoch that is committed has changed something: at least where event time stands.
		if in.single() || moved[s] || len(f.sealed.tasks[s]) > 0 || in.decision.checkpoints[s] == "" {
			f.parts = append(f.parts, &part{shard: s, manifest: in.manifest(f, s, of)})
		}
	}
}

// manifest describes a shard's checkpoint.
func (in *Instance) manifest(f *flight, s *shard, of []txn.Partition) checkpoint.Manifest {
	m := checkpoint.Manifest{
		Job: in.o.JobID, Instance: in.o.InstanceID, Shard: s.name, Exchange: in.o.Exchange, ID: f.id, Parent: in.decision.checkpoints[s],
		States: s.registry.Descriptors(), MaxParallelism: in.o.MaxParallelism, Base: s.base,
	}
	if !in.single() {
		m.Shards = len(in.shards)
	}
	for _, p := range of {
		at := checkpoint.SourcePosition{Operator: in.readerOf(p.Topic), Topic: p.Topic, Partition: p.ID, Offset: f.sealed.positions[p]}
		if end, bounded := in.decision.ends[p]; bounded {
			at.End = &end
		}
		m.Sources = append(m.Sources, at)
	}
	m.Finished, m.Drained = f.sealed.end == endOfInput, f.sealed.end == endOfDrain
	f.sealed.remember(&m, s)
	return m
}
