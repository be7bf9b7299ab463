package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// held checks that a committed position can still be read from: going on elsewhere would lose or repeat records.
func (in *Instance) held(p txn.Partition, offset int64, ends txn.Ends) error {
	goOn := "Reset the group's offset to go on without them"
	if !in.decisions.resettable() {
		goOn = "To go on without them, give the job a new WEIR_JOB_ID"
	}
	switch {
	case offset < ends.Low:
		return fmt.Errorf("%w: %s/%d is committed up to offset %d, but the topic holds records from %d on only: %d records were deleted (retention) before they were processed. %s",
			ErrState, p.Topic, p.ID, offset, ends.Low, ends.Low-offset, goOn)
	case offset > ends.High:
		return fmt.Errorf("%w: %s/%d is committed up to offset %d, but the topic ends at %d: it was truncated or created anew. %s",
			ErrState, p.Topic, p.ID, offset, ends.High, goOn)
	}
	return nil
}

// checkFresh refuses to start from nothing where something was committed before: the broker forgets the offsets of a group
// that was stopped for longer than offsets.retention.minutes.
func (in *Instance) checkFresh(ctx context.Context, work []txn.Partition, committed map[txn.Partition]txn.Position, d decision) error {
	seen := map[*shard]bool{nil: true}
	for _, p := range work {
		s := in.shardOf(p)
		if seen[s] || d.checkpoints[s] != "" {
			continue
		}
		seen[s] = true
		if err := in.checkFreshShard(ctx, s, len(committed)); err != nil {
			return err
		}
	}
	if len(committed) == 0 {
		return in.checkFreshElsewhere(ctx)
	}
	return nil
}

// checkFreshElsewhere looks for what the job has committed with the other exchange, which keeps it in other folders.
func (in *Instance) checkFreshElsewhere(ctx context.Context) error {
	shard, exchange := "", "memory"
	if in.single() {
		shard, exchange = "0", checkpoint.ExchangeKafka
	}
	repo, err := checkpoint.NewRepository(in.o.Store, in.o.JobID, in.runName, checkpoint.Options{Shard: shard})
	if err != nil {
		return err
	}
	latest, exists, err := repo.Latest(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint store %s: %w", repo.URL(), err)
	}
	if !exists {
		return nil
	}
	return fmt.Errorf("%w: group %q has no committed offsets, but the checkpoint store %s holds committed checkpoint %s of this job with WEIR_EXCHANGE=%s. To start from nothing, use a new WEIR_JOB_ID or remove the job's folder from the store",
		ErrState, in.o.JobID, in.o.Store.URL(), latest, exchange)
}

func (in *Instance) checkFreshShard(ctx context.Context, s *shard, committed int) error {
	latest, exists, err := s.repo.Latest(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint store %s: %w", s.repo.URL(), err)
	}
	if !exists || in.decisions.resettable() && !in.stateful() && committed > 0 {
		return nil
	}
	what, why := "has no committed offsets", "The broker forgets a stopped group's offsets (offsets.retention.minutes), or somebody reset them"
	switch {
	case !in.decisions.resettable():
		what, why = "holds no decision record", "It was made anew, or WEIR_SINK_BROKERS leads elsewhere than before"
	case committed > 0:
		what = "has committed offsets that name no checkpoint"
	}
	return fmt.Errorf("%w: %s %s, but the checkpoint store %s holds committed checkpoint %s of this job. %s. To start from nothing, use a new WEIR_JOB_ID or remove the job's folder from the store",
		ErrState, in.decisions.place(), what, in.o.Store.URL(), latest, why)
}

// restore brings committed state to the decision and builds the tasks on it.
func (in *Instance) restore(d decision, w work, known map[*shard]*state.Registry) (*attempt, map[*shard]restored, error) {
	found, err := in.restoreShards(d, in.shardsOf(w.parts), known)
	if err != nil {
		return nil, nil, err
	}
	a, err := newAttempt(in, d, found, w)
	return a, found, err
}

// registries are those of shards that nobody else can have changed: their last checkpoint is of this run.
func (in *Instance) registries(d decision) map[*shard]*state.Registry {
	known := map[*shard]*state.Registry{}
	for s, id := range d.checkpoints {
		if id.Run() == in.runName {
			known[s] = s.registry
		}
	}
	return known
}

// outdated says whether the decision record names other checkpoints by now.
func (in *Instance) outdated(d decision, all []txn.Partition) bool {
	now, err := in.readDecision(all)
	return err == nil && !now.same(d)
}

// checkManifest makes sure that the checkpoint is of this job and belongs to these offsets.
func (in *Instance) checkManifest(m *checkpoint.Manifest, d decision) error {
	if m.Job != in.o.JobID {
		return fmt.Errorf("%w: it is of job %q, not %q", ErrState, m.Job, in.o.JobID)
	}
	if m.MaxParallelism != in.o.MaxParallelism {
		return fmt.Errorf("%w: it has %d key groups, WEIR_MAX_PARALLELISM is %d: set it to %d", ErrState, m.MaxParallelism, in.o.MaxParallelism, m.MaxParallelism)
	}
	if err := in.checkShards(m.Shards); err != nil {
		return err
	}
	for _, s := range m.Sources {
		p := txn.Partition{Topic: s.Topic, ID: s.Partition}
		if o, ok := d.positions[p]; ok && o != s.Offset {
			return fmt.Errorf("%w: it holds the state at offset %d of %s/%d, but the group is committed at %d", ErrState, s.Offset, p.Topic, p.ID, o)
		}
	}
	for _, s := range m.Sources {
		if err := in.checkUnended(txn.Partition{Topic: s.Topic, ID: s.Partition}, s.Watermark); err != nil {
			return err
		}
	}
	return nil
}

func (in *Instance) registerStates(reg *state.Registry) error {
	for i := range in.o.Plan.Stages {
		s := &in.o.Plan.Stages[i]
		if s.States == nil {
			continue
		}
		if err := s.States(reg); err != nil {
			return err
		}
	}
	return nil
}

func (in *Instance) stateful() bool {
	for i := range in.o.Plan.Stages {
		if in.o.Plan.Stages[i].Stateful {
			return true
		}
	}
	return false
}

// markState makes an error about files of a checkpoint an ErrState unless trying again may help.
func markState(err error) error {
	var corrupt *checkpoint.CorruptError
	var newer *checkpoint.VersionError
	var key *checkpoint.KeyError
	if errors.Is(err, ErrState) || !errors.As(err, &corrupt) && !errors.As(err, &newer) && !errors.As(err, &key) && !errors.Is(err, checkpoint.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrState, err)
}
