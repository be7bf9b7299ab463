package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// places are where the job begins: the positions of all partitions, and the event times that go on.
type places struct {
	positions map[txn.Partition]int64
	times     map[txn.Partition]checkpoint.SourcePosition // of partitions with event time, if it goes on
	stages    []checkpoint.StageWatermark
	ends      map[txn.Partition]int64 // of bounded sources, if this is not chosen later (settle)
}

// positions chooses where every partition of the job begins: where WEIR_RESTORE_OFFSETS says, else where the savepoint stands, else where the group has
// been set by people, else as a new partition or source does.
func (b *beginning) positions(h snapshot.Header, given map[txn.Partition]txn.Position) (*places, error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.in.o.StartTimeout)
	defer cancel()
	start, err := b.override()
	if err != nil {
		return nil, err
	}
	ends, err := b.in.consumer.Ends(ctx, b.all)
	if err != nil {
		return nil, err
	}
	d := decision{positions: map[txn.Partition]int64{}, checkpoints: map[*shard]checkpoint.ID{}, ends: map[txn.Partition]int64{}}
	for _, p := range b.all {
		d.positions[p] = ends[p].Low
		if _, internal := b.in.topology.exchangeOf(p.Topic); internal {
			d.positions[p] = ends[p].High // what an earlier life of this job id has left is not of the savepoint
		}
	}
	if start != nil && start.Kind() != stream.StartOffsets {
		return b.overridden(ctx, *start, d, ends)
	}
	kept, err := b.kept(h, given, start, ends)
	if err != nil {
		return nil, err
	}
	for p, pos := range kept {
		d.positions[p] = pos.Offset
	}
	if len(h.Sources) > 0 && len(b.in.shards) > 0 {
		d.checkpoints[b.in.shards[0]] = "savepoint" // what it has not read is new to the job, as it would be after a restart
	}
	if err := b.choose(ctx, d, kept, ends); err != nil {
		return nil, err
	}
	at := &places{positions: d.positions}
	if start == nil {
		at.goOn(h)
	}
	return at, nil
}

// override is what WEIR_RESTORE_OFFSETS says; nil: nothing.
func (b *beginning) override() (*stream.Start, error) {
	if b.from.Offsets == nil {
		return nil, nil
	}
	s, err := b.from.Offsets()
	if err == nil && s.Kind() == stream.StartCommitted {
		err = fmt.Errorf("committed offsets belong to another state than the savepoint's")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: WEIR_RESTORE_OFFSETS (--offsets): %w", ErrConfig, err)
	}
	return &s, nil
}

// overridden lets all sources begin at one place.
func (b *beginning) overridden(ctx context.Context, start stream.Start, d decision, ends map[txn.Partition]txn.Ends) (*places, error) {
	parts := slices.DeleteFunc(slices.Clone(b.all), func(p txn.Partition) bool {
		_, internal := b.in.topology.exchangeOf(p.Topic)
		return internal
	})
	err := b.in.startAt(ctx, &stream.SourceSpec{UID: "WEIR_RESTORE_OFFSETS", Start: start}, &d, parts, ends)
	return &places{positions: d.positions}, err
}

// kept are the positions that the savepoint has, those of single partitions that WEIR_RESTORE_OFFSETS gives, and those that people gave the group where neither has any.
func (b *beginning) kept(h snapshot.Header, given map[txn.Partition]txn.Position, start *stream.Start, ends map[txn.Partition]txn.Ends) (map[txn.Partition]txn.Position, error) {
	kept := map[txn.Partition]txn.Position{}
	if start != nil {
		for _, p := range start.Named() {
			offset, _ := start.Of(p)
			if e, ok := ends[p]; !ok || b.in.sourceReading(p.Topic) == nil || offset < e.Low || offset > e.High {
				return nil, fmt.Errorf("%w: WEIR_RESTORE_OFFSETS (--offsets): offset %d of topic %q partition %d: the job reads no such partition, or it holds offsets %d to %d only",
					ErrConfig, offset, p.Topic, p.ID, e.Low, e.High)
			}
			kept[p] = txn.Position{Offset: offset}
		}
	}
	var gone []string
	for _, s := range h.Sources {
		p := txn.Partition{Topic: s.Topic, ID: s.Partition}
		if _, given := kept[p]; given {
			continue
		}
		e, exists := ends[p]
		why := b.lost(p.Topic)
		switch {
		case why != "" && b.from.drops(s.Operator, p.Topic), !exists && start != nil:
			b.in.log.Warn("a position of the savepoint is dropped", "topic", p.Topic, "partition", p.ID, "offset", s.Offset)
			continue
		case why != "":
			gone = append(gone, fmt.Sprintf("topic %q, %s (WEIR_ALLOW_DROPPED_STATE=%s/%s lets its position go)", p.Topic, why, s.Operator, p.Topic))
			continue
		case !exists:
			gone = append(gone, fmt.Sprintf("topic %q partition %d, which does not exist", p.Topic, p.ID))
			continue
		}
		if err := checkHeld(p, s.Offset, e); err != nil {
			return nil, err
		}
		if pos, both := given[p]; both && pos.Offset != s.Offset {
			return nil, fmt.Errorf("%w: the savepoint stands at offset %d of topic %q partition %d, and group %q, which is not to have any, at %d: delete the group's offsets, or say which with WEIR_RESTORE_OFFSETS",
				ErrState, s.Offset, p.Topic, p.ID, b.in.o.JobID, pos.Offset)
		}
		kept[p] = txn.Position{Offset: s.Offset}
	}
	if len(gone) > 0 {
		slices.Sort(gone)
		return nil, fmt.Errorf("%w: the savepoint has positions of %s. To begin elsewhere, set WEIR_RESTORE_OFFSETS (--offsets)", ErrState, strings.Join(slices.Compact(gone), "; of "))
	}
	for p, pos := range given {
		if _, ok := kept[p]; ok || b.in.sourceReading(p.Topic) == nil {
			continue
		}
		if err := b.in.held(p, pos.Offset, ends[p]); err != nil {
			return nil, err
		}
		kept[p] = pos
	}
	return kept, nil
}

// lost says why nothing of a topic is read any more; empty: it is.
func (b *beginning) lost(topic string) string {
	switch {
	case b.in.sourceReading(topic) == nil:
		return "which no source of the job reads"
	case !slices.ContainsFunc(b.all, func(p txn.Partition) bool { return p.Topic == topic }):
		return "which does not exist any more"
	}
	return ""
}

func checkHeld(p txn.Partition, offset int64, e txn.Ends) error {
	if offset >= e.Low && offset <= e.High {
		return nil
	}
	return fmt.Errorf("%w: the savepoint stands at offset %d of topic %q partition %d, which holds offsets %d to %d: its records were deleted (retention), or the topic is another one. To begin elsewhere, set WEIR_RESTORE_OFFSETS (--offsets)",
		ErrState, offset, p.Topic, p.ID, e.Low, e.High)
}

// choose lets partitions that the savepoint does not have begin as those do that are new to a job.
func (b *beginning) choose(ctx context.Context, d decision, kept map[txn.Partition]txn.Position, ends map[txn.Partition]txn.Ends) error {
	in := b.in
	for i := range in.o.Plan.Stages {
		s := in.o.Plan.Stages[i].Source
		if s == nil {
			continue
		}
		parts, fresh := in.partsOf(s, &d, kept)
		if k := s.Start.Kind(); (k == stream.StartCommitted || k == stream.StartLatest) && len(fresh) < len(parts) {
			continue
		}
		begins, err := in.begins(ctx, s, &d, parts, fresh)
		if err == nil && begins {
			err = in.startAt(ctx, s, &d, fresh, ends)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bound chooses for all instances where bounded sources end: with what is visible now.
func (b *beginning) bound(at *places) error {
	if b.in.single() {
		return nil
	}
	var parts []txn.Partition
	for p := range at.positions {
		if s := b.in.sourceReading(p.Topic); s != nil && s.Bounded {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(b.ctx, b.in.o.StartTimeout)
	defer cancel()
	stable, err := b.in.consumer.Stable(ctx, parts)
	at.ends = map[txn.Partition]int64{}
	for _, p := range parts {
		at.ends[p] = max(stable[p], at.positions[p])
	}
	return err
}

// goOn takes over event time, unless it has come to its end: then nothing that follows would be in time.
func (a *places) goOn(h snapshot.Header) {
	ended := false
	times := map[txn.Partition]checkpoint.SourcePosition{}
	for _, s := range h.Sources {
		ended = ended || s.Watermark == operators.EndOfTime
		if s.Watermark != 0 || s.Idle {
			times[txn.Partition{Topic: s.Topic, ID: s.Partition}] = s
		}
	}
	for _, w := range h.Watermarks {
		ended = ended || w.Watermark == operators.EndOfTime
	}
	if ended {
		return
	}
	maps.DeleteFunc(times, func(p txn.Partition, _ checkpoint.SourcePosition) bool { _, ok := a.positions[p]; return !ok })
	a.times, a.stages = times, h.Watermarks
}
