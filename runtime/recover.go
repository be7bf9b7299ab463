package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// readDecision reads what the group has committed, and which checkpoint that names.
func (in *Instance) readDecision(all []txn.Partition) (decision, error) {
	ctx, cancel := context.WithTimeout(in.ctx, in.o.StartTimeout)
	defer cancel()
	committed, err := in.consumer.Committed(ctx, all)
	if err != nil {
		return decision{}, err
	}
	ends, err := in.consumer.Ends(ctx, all)
	if err != nil {
		return decision{}, err
	}
	d := decision{positions: make(map[txn.Partition]int64, len(all)), ends: map[txn.Partition]int64{}}
	if d.id, err = namedCheckpoint(committed); err != nil {
		return decision{}, err
	}
	for _, p := range all {
		pos, ok := committed[p]
		if !ok {
			d.positions[p] = ends[p].Low // new to this job: from its beginning
			continue
		}
		if err := held(p, pos.Offset, ends[p]); err != nil {
			return decision{}, err
		}
		d.positions[p] = pos.Offset
	}
	if d.id == "" {
		if err := in.checkFresh(ctx, len(committed)); err != nil {
			return decision{}, err
		}
	}
	return d, in.settle(ctx, &d, committed, ends)
}

// namedCheckpoint returns the one checkpoint id in the committed positions; empty if they name none.
func namedCheckpoint(committed map[txn.Partition]txn.Position) (checkpoint.ID, error) {
	var id checkpoint.ID
	var at txn.Partition
	unnamed := 0
	for p, pos := range committed {
		this, ok, err := checkpoint.DecodeMetadata(pos.Metadata)
		switch {
		case err != nil:
			return "", fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
		case !ok:
			unnamed++
			at = p
		case id != "" && this.ID != id:
			return "", fmt.Errorf("%w: the group's committed offsets name two checkpoints, %s and %s (%s/%d); they must all come from one commit. Reset the group to one of them or give the job a new WEIR_JOB_ID",
				ErrState, id, this.ID, p.Topic, p.ID)
		default:
			id = this.ID
		}
	}
	if id != "" && unnamed > 0 {
		return "", fmt.Errorf("%w: the committed offset of %s/%d was not written by this job (no checkpoint id beside it), others name checkpoint %s. Somebody has reset offsets of a running job: reset all of them and give the job a new WEIR_JOB_ID",
			ErrState, at.Topic, at.ID, id)
	}
	return id, nil
}

// held checks that a committed position can still be read from: going on elsewhere would lose or repeat records.
func held(p txn.Partition, offset int64, ends txn.Ends) error {
	switch {
	case offset < ends.Low:
		return fmt.Errorf("%w: %s/%d is committed up to offset %d, but the topic holds records from %d on only: %d records were deleted (retention) before they were processed. Reset the group's offset to go on without them",
			ErrState, p.Topic, p.ID, offset, ends.Low, ends.Low-offset)
	case offset > ends.High:
		return fmt.Errorf("%w: %s/%d is committed up to offset %d, but the topic ends at %d: it was truncated or created anew. Give the job a new WEIR_JOB_ID or reset the group's offset",
			ErrState, p.Topic, p.ID, offset, ends.High)
	}
	return nil
}

// checkFresh refuses to start from nothing where something was committed before: the broker forgets the offsets of a group
// that was stopped for longer than offsets.retention.minutes.
func (in *Instance) checkFresh(ctx context.Context, committed int) error {
	latest, exists, err := in.repo.Latest(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint store %s: %w", in.o.Store.URL(), err)
	}
	if !exists || !in.stateful() && committed > 0 {
		return nil
	}
	what := "has no committed offsets"
	if committed > 0 {
		what = "has committed offsets that name no checkpoint"
	}
	return fmt.Errorf("%w: group %q %s, but the checkpoint store %s holds committed checkpoint %s of this job. The broker forgets a stopped group's offsets (offsets.retention.minutes), or somebody reset them. To start from nothing, use a new WEIR_JOB_ID or remove the job's folder from the store",
		ErrState, in.o.JobID, what, in.o.Store.URL(), latest)
}

// restore brings committed state to the decision and builds the tasks on it.
func (in *Instance) restore(d decision, all []txn.Partition, reg *state.Registry) (*attempt, checkpoint.BaseRef, error) {
	if err := in.publisher.drain(in.ctx); err != nil {
		return nil, checkpoint.BaseRef{}, err
	}
	m, err := in.restoreState(in.ctx, d)
	if err != nil {
		return nil, checkpoint.BaseRef{}, fmt.Errorf("checkpoint %s: %w", d.id, markState(err))
	}
	if reg == nil {
		if reg, err = state.NewRegistry(m.States); err == nil {
			err = in.registerStates(reg)
		}
		if err != nil {
			return nil, checkpoint.BaseRef{}, fmt.Errorf("%w: %w", ErrState, err)
		}
		in.collector.observe(in.ctx, in.log)
	}
	a, err := newAttempt(in, reg, all, &m)
	return a, in.publisher.newestBase(m.Base), err
}

// outdated says whether the decision record names another checkpoint by now.
func (in *Instance) outdated(d decision, all []txn.Partition) bool {
	now, err := in.readDecision(all)
	return err == nil && now.id != d.id
}

// restoreState replays into the backend what it lacks, and returns the decision's manifest (empty without one).
func (in *Instance) restoreState(ctx context.Context, d decision) (checkpoint.Manifest, error) {
	b := in.o.Backend
	marker, err := b.Marker()
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	if d.id == "" {
		if marker == "" {
			return checkpoint.Manifest{}, nil
		}
		return checkpoint.Manifest{}, b.Reset()
	}
	m, err := in.repo.LoadManifest(ctx, d.id)
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	if err := in.checkManifest(&m, d); err != nil {
		return checkpoint.Manifest{}, err
	}
	if marker == string(d.id) {
		return m, nil
	}
	plan, err := in.repo.Plan(ctx, d.id, checkpoint.ID(marker))
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	in.log.Info("restoring state", "checkpoint", d.id, "local", marker, "plan", plan.String())
	return m, in.repo.Restore(ctx, plan, b)
}

// checkManifest makes sure that the checkpoint is of this job and belongs to these offsets.
func (in *Instance) checkManifest(m *checkpoint.Manifest, d decision) error {
	if m.Job != in.o.JobID {
		return fmt.Errorf("%w: it is of job %q, not %q", ErrState, m.Job, in.o.JobID)
	}
	if m.MaxParallelism != in.o.MaxParallelism {
		return fmt.Errorf("%w: it has %d key groups, WEIR_MAX_PARALLELISM is %d: set it to %d", ErrState, m.MaxParallelism, in.o.MaxParallelism, m.MaxParallelism)
	}
	for _, s := range m.Sources {
		p := txn.Partition{Topic: s.Topic, ID: s.Partition}
		if o, ok := d.positions[p]; ok && o != s.Offset {
			return fmt.Errorf("%w: it holds the state at offset %d of %s/%d, but the group is committed at %d", ErrState, s.Offset, p.Topic, p.ID, o)
		}
	}
	return in.checkUnended(m)
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

// manifest describes the checkpoint of a flight.
func (in *Instance) manifest(f *flight) checkpoint.Manifest {
	m := checkpoint.Manifest{
		Job: in.o.JobID, Instance: in.o.InstanceID, ID: f.id, Parent: in.decision.id,
		States: in.registry.Descriptors(), MaxParallelism: in.o.MaxParallelism, Base: f.base,
	}
	for i := range in.o.Plan.Stages {
		src := in.o.Plan.Stages[i].Source
		if src == nil {
			continue
		}
		for _, p := range in.all {
			if !in.reads(src, p.Topic) {
				continue
			}
			at := checkpoint.SourcePosition{Operator: src.UID, Topic: p.Topic, Partition: p.ID, Offset: f.sealed.positions[p]}
			if end, bounded := in.decision.ends[p]; bounded {
				at.End = &end
			}
			m.Sources = append(m.Sources, at)
		}
	}
	m.Finished = f.sealed.finished
	f.sealed.remember(&m)
	return m
}

// markState makes an error about files of a checkpoint an ErrState unless trying again may help.
func markState(err error) error {
	var corrupt *checkpoint.CorruptError
	var newer *checkpoint.VersionError
	if errors.Is(err, ErrState) || !errors.As(err, &corrupt) && !errors.As(err, &newer) && !errors.Is(err, checkpoint.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrState, err)
}
