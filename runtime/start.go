package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// settle adds to a decision what it does not say itself: where partitions begin that nothing is committed for, and where bounded ones end. What
// is chosen here, by the state of the topics as it is now, must not be chosen again after a record was processed; so it is pinned: committed in an epoch
// of its own, before the first record is read.
func (in *Instance) settle(ctx context.Context, d *decision, committed map[txn.Partition]txn.Position, ends map[txn.Partition]txn.Ends) error {
	bounds, finished, err := in.recallEnds(ctx, d.id)
	if err != nil {
		return err
	}
	d.finished = finished
	for i := range in.o.Plan.Stages {
		s := in.o.Plan.Stages[i].Source
		if s == nil {
			continue
		}
		var parts []txn.Partition
		known := false // the job has read the source before
		for p := range d.positions {
			if in.reads(s, p.Topic) {
				parts = append(parts, p)
				_, ok := committed[p]
				known = known || ok
			}
		}
		if len(parts) == 0 {
			continue
		}
		// A pattern may have matched nothing before, so that all of its partitions are new to a job that has been running.
		if !known && (d.id == "" || s.Pattern == nil) {
			if err := in.startAt(ctx, s, d, parts, ends); err != nil {
				return err
			}
		}
		if s.Bounded {
			if err := in.bound(ctx, d, parts, bounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// startAt applies a source's Start to its partitions, which stand at their earliest.
func (in *Instance) startAt(ctx context.Context, s *stream.SourceSpec, d *decision, parts []txn.Partition, ends map[txn.Partition]txn.Ends) (err error) {
	var at map[txn.Partition]int64
	switch s.Start.Kind() {
	case stream.StartEarliest:
		return nil
	case stream.StartCommitted:
		return fmt.Errorf("%w: source %q is to start at committed offsets (WEIR_START_FROM=committed), but group %q has none for its topics. Choose another start, or check WEIR_JOB_ID",
			ErrConfig, s.UID, in.o.JobID)
	case stream.StartLatest:
		at, err = in.consumer.Stable(ctx, parts)
	case stream.StartTimestamp:
		at, err = in.consumer.Since(ctx, parts, s.Start.UnixMilli())
		for _, p := range parts {
			if _, some := at[p]; !some && err == nil {
				at[p] = ends[p].High // as it was before the question: what came since is not skipped
			}
		}
	case stream.StartOffsets:
		at, err = givenOffsets(s, d, ends)
	}
	if err != nil {
		return err
	}
	for p, offset := range at {
		d.positions[p] = max(offset, ends[p].Low)
	}
	d.pin = true
	return nil
}

// givenOffsets checks the offsets of stream.Offsets against the topics.
func givenOffsets(s *stream.SourceSpec, d *decision, ends map[txn.Partition]txn.Ends) (map[txn.Partition]int64, error) {
	at := map[txn.Partition]int64{}
	for _, p := range s.Start.Named() {
		offset, _ := s.Start.Of(p)
		e := ends[p]
		if _, exists := d.positions[p]; !exists {
			return nil, fmt.Errorf("%w: source %q is to start at offset %d of topic %q partition %d (WEIR_START_FROM), which does not exist", ErrConfig, s.UID, offset, p.Topic, p.ID)
		}
		if offset < e.Low || offset > e.High {
			return nil, fmt.Errorf("%w: source %q is to start at offset %d of topic %q partition %d (WEIR_START_FROM), which holds offsets %d to %d",
				ErrConfig, s.UID, offset, p.Topic, p.ID, e.Low, e.High)
		}
		at[p] = offset
	}
	return at, nil
}

// bound gives the partitions of a bounded source their ends: those of the checkpoint, or, at the first start, the last stable offsets as they are now. A
// partition that is new to a source with ends is not read: what was in it at the first start was nothing.
func (in *Instance) bound(ctx context.Context, d *decision, parts []txn.Partition, known map[txn.Partition]int64) error {
	var first bool
	for _, p := range parts {
		_, some := known[p]
		first = first || some
	}
	first = !first
	var stable map[txn.Partition]int64
	if first {
		var err error
		if stable, err = in.consumer.Stable(ctx, parts); err != nil {
			return err
		}
		d.pin = true
	}
	for _, p := range parts {
		end, ok := known[p]
		switch {
		case ok:
		case first:
			end = max(stable[p], d.positions[p])
		default:
			end = d.positions[p]
		}
		d.ends[p] = end
	}
	return nil
}

// recallEnds reads from the checkpoint of the decision where bounded sources end, and whether all is done.
func (in *Instance) recallEnds(ctx context.Context, id checkpoint.ID) (ends map[txn.Partition]int64, finished bool, err error) {
	ends = map[txn.Partition]int64{}
	if id == "" || !in.anySource(func(s *stream.SourceSpec) bool { return s.Bounded }) {
		return ends, false, nil
	}
	m, err := in.repo.LoadManifest(ctx, id)
	if errors.Is(err, checkpoint.ErrNotExist) {
		return ends, false, err // the record may have moved on: it is read again
	}
	if err != nil {
		return ends, false, fmt.Errorf("checkpoint %s: %w", id, markState(err))
	}
	for _, s := range m.Sources {
		if s.End != nil {
			ends[txn.Partition{Topic: s.Topic, ID: s.Partition}] = *s.End
		}
	}
	return ends, m.Finished && in.bounded(), nil
}

// anySource says whether a source is as asked.
func (in *Instance) anySource(is func(s *stream.SourceSpec) bool) bool {
	for i := range in.o.Plan.Stages {
		if s := in.o.Plan.Stages[i].Source; s != nil && is(s) {
			return true
		}
	}
	return false
}

// bounded says whether the job comes to an end.
func (in *Instance) bounded() bool {
	return !in.anySource(func(s *stream.SourceSpec) bool { return !s.Bounded })
}

// checkUnended refuses to read on where event time has come to its end: every record would be late.
func (in *Instance) checkUnended(m *checkpoint.Manifest) error {
	for _, p := range m.Sources {
		if p.Watermark != math.MaxInt64 {
			continue
		}
		for i := range in.o.Plan.Stages {
			if s := in.o.Plan.Stages[i].Source; in.reads(s, p.Topic) && !s.Bounded {
				return fmt.Errorf("%w: source %q was bounded (WEIR_BOUNDED) and topic %q partition %d has come to its end, and with it event time: every further record would be late. Keep it bounded, or give the job a new WEIR_JOB_ID",
					ErrState, s.UID, p.Topic, p.Partition)
			}
		}
	}
	return nil
}

// ended is the mark of a partition that nothing will come from any more.
var ended = mark{wm: operators.EndOfTime}
