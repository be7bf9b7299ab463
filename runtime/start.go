package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// settle adds to a decision what it does not say itself: where partitions begin that nothing is committed for, and where bounded ones end. What
// is chosen here, by the state of the topics as it is now, must not be chosen again after a record was processed; so it is pinned: committed in an epoch
// of its own, before the first record is read.
func (in *Instance) settle(ctx context.Context, d *decision, committed map[txn.Partition]txn.Position, ends map[txn.Partition]txn.Ends) error {
	bounds, finished, err := in.recallEnds(ctx, d)
	if err != nil {
		return err
	}
	d.finished = finished
	for i := range in.o.Plan.Stages {
		s := in.o.Plan.Stages[i].Source
		if s == nil {
			continue
		}
		parts, fresh := in.partsOf(s, d, committed)
		if begins, err := in.begins(ctx, s, d, parts, fresh); err != nil {
			return err
		} else if begins {
			if err := in.startAt(ctx, s, d, fresh, ends); err != nil {
				return err
			}
		}
		if s.Bounded {
			if err := in.bound(ctx, d, parts, bounds); err != nil {
				return err
			}
		}
		if s.First {
			if err := in.readFirst(ctx, d, parts); err != nil {
				return err
			}
		}
	}
	return nil
}

// partsOf are the partitions at work that a source reads; fresh those of them that nothing is committed for.
func (in *Instance) partsOf(s *stream.SourceSpec, d *decision, committed map[txn.Partition]txn.Position) (parts, fresh []txn.Partition) {
	for p := range d.positions {
		if !in.reads(s, p.Topic) {
			continue
		}
		parts = append(parts, p)
		if _, ok := committed[p]; !ok {
			fresh = append(fresh, p)
		}
	}
	return parts, fresh
}

// readFirst notes how far partitions have to be read before others are.
func (in *Instance) readFirst(ctx context.Context, d *decision, parts []txn.Partition) error {
	stable, err := in.consumer.Stable(ctx, parts)
	for p, end := range stable {
		if bound, bounded := d.ends[p]; bounded {
			end = min(end, bound)
		}
		if d.positions[p] < end {
			d.first[p] = end
		}
	}
	return err
}

// begins says whether a source's Start holds for those of its partitions that nothing is committed for. If the job has read the source before, they are
// new to it; nor does a pattern begin in a job that has been running, since it may have matched nothing. One instance of many can't tell by what it
// owns whether the source is new: there a Start comes to the same for a new partition, or looks at all of them. The latest records of a job that begins
// are chosen by one instance for all (beginning).
func (in *Instance) begins(ctx context.Context, s *stream.SourceSpec, d *decision, parts, fresh []txn.Partition) (bool, error) {
	kind := s.Start.Kind()
	switch {
	case len(fresh) == 0 || kind == stream.StartEarliest:
		return false, nil
	case in.single():
		return len(fresh) == len(parts) && (len(d.checkpoints) == 0 || s.Pattern == nil), nil
	case kind == stream.StartCommitted: // looks at all
	case kind != stream.StartLatest || !in.hasBegun.Load():
		return true, nil
	case s.Pattern != nil:
		return false, nil
	}
	counts, err := in.topicCounts(ctx, in.admin, in.topology.sources.list(), "WEIR_INPUT_TOPICS")
	if err != nil {
		return false, err
	}
	all := slices.DeleteFunc(in.topology.partitions(counts), func(p txn.Partition) bool { return !in.reads(s, p.Topic) })
	committed, err := in.decisions.read(ctx, all)
	if err == nil && len(committed) == 0 && kind == stream.StartLatest {
		err = fmt.Errorf("%w: source %q is new to a job that has been running, and is to start at the latest records (WEIR_START_FROM=latest): with WEIR_EXCHANGE=kafka each instance would choose for itself. Give the present time instead",
			ErrConfig, s.UID)
	}
	return len(committed) == 0, err
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
		at, err = in.givenOffsets(s, d, parts, ends)
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
func (in *Instance) givenOffsets(s *stream.SourceSpec, d *decision, parts []txn.Partition, ends map[txn.Partition]txn.Ends) (map[txn.Partition]int64, error) {
	at := map[txn.Partition]int64{}
	for _, p := range s.Start.Named() {
		offset, _ := s.Start.Of(p)
		e := ends[p]
		_, exists := d.positions[p]
		if exists && !slices.Contains(parts, p) || !exists && !in.single() {
			continue // it is committed, or another instance's
		}
		if !exists {
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
// partition that is new to a source with ends is not read: what was in it at the first start was nothing. Of many instances one has chosen for all (beginning).
func (in *Instance) bound(ctx context.Context, d *decision, parts []txn.Partition, known map[txn.Partition]int64) error {
	first := in.single() && !slices.ContainsFunc(parts, func(p txn.Partition) bool {
		_, some := known[p]
		return some
	})
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
func (in *Instance) recallEnds(ctx context.Context, d *decision) (ends map[txn.Partition]int64, finished bool, err error) {
	if !in.single() {
		return d.ends, false, nil // they stand beside the offsets
	}
	ends = map[txn.Partition]int64{}
	if len(d.checkpoints) == 0 || !in.anySource(func(s *stream.SourceSpec) bool { return s.Bounded }) {
		return ends, false, nil
	}
	home := in.shards[0]
	id := d.checkpoints[home]
	m, err := home.repo.LoadManifest(ctx, id)
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
func (in *Instance) checkUnended(p txn.Partition, watermark int64) error {
	s := in.sourceReading(p.Topic)
	if watermark != operators.EndOfTime || s == nil || s.Bounded {
		return nil
	}
	return fmt.Errorf("%w: source %q was bounded (WEIR_BOUNDED), topic %q partition %d has come to its end, and with it event time: every further record would be late. Keep it bounded, or give the job a new WEIR_JOB_ID (and start it from a savepoint of this one)",
		ErrState, s.UID, p.Topic, p.ID)
}

// checkDropped refuses to go on without a bounded source that had not come to its end when others had. Stages that have heard of those ends wait for its own, as long as the
// job has it; without it all have ended, nobody would tell them, and their last windows would never fire. committed are the positions of the partitions that the job has.
func (in *Instance) checkDropped(ctx context.Context, committed map[txn.Partition]txn.Position) error {
	if in.single() || !in.bounded() {
		return nil
	}
	all, err := in.admin.Committed(ctx, in.o.JobID, nil)
	if err != nil {
		return fmt.Errorf("group %q: %w", in.o.JobID, err)
	}
	for _, p := range slices.SortedFunc(maps.Keys(all), txn.Partition.Compare) {
		m, _, err := checkpoint.DecodeMetadata(all[p].Metadata)
		if err != nil {
			return fmt.Errorf("%w: the committed offset of %s/%d: %w", ErrState, p.Topic, p.ID, err)
		}
		if _, has := committed[p]; !has && m.End != nil && m.Drained == "" {
			return fmt.Errorf("%w: no source reads topic %q any more, of which partition %d has not come to its end (WEIR_BOUNDED), while others have: windows that wait for it would never fire. Keep its source until the job is over, or give the job a new WEIR_JOB_ID (and start it from a savepoint of this one)",
				ErrState, p.Topic, p.ID)
		}
	}
	return nil
}
