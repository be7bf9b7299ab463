package runtime

import (
	"cmp"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// remember writes the event times of an epoch into a shard's manifest, so that after a restart what was late stays late.
func (s *sealed) remember(m *checkpoint.Manifest, of *shard) {
	for t, now := range s.times {
		switch t.shard {
		case of:
			if from, to := t.groups(); now.wm != operators.NoWatermark {
				m.Watermarks = append(m.Watermarks, checkpoint.StageWatermark{Operator: t.stage.UID, From: from, To: to, Watermark: now.wm})
			}
		case nil:
			for i := range m.Sources {
				if src := &m.Sources[i]; src.Topic == t.partition.Topic && src.Partition == t.partition.ID {
					if src.Idle = now.idle; now.wm != operators.NoWatermark {
						src.Watermark = now.wm
					}
				}
			}
		}
	}
	for t, heard := range s.inputs { // also of one without event time of its own, which waits for others or never has any
		if t.shard == of {
			m.Inputs = append(m.Inputs, heard...)
		}
	}
	slices.SortFunc(m.Watermarks, func(a, b checkpoint.StageWatermark) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.From, b.From))
	})
	slices.SortFunc(m.Inputs, func(a, b checkpoint.InputWatermark) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Sender, b.Sender))
	})
}

// timeOf is the event time of a source partition.
func (s *sealed) timeOf(p txn.Partition) mark {
	for t, now := range s.times {
		if t.shard == nil && t.partition == p {
			return now
		}
	}
	return mark{wm: operators.NoWatermark}
}

// recall finds where a task's event time goes on.
func (t *task) recall(d decision, m *checkpoint.Manifest) {
	switch {
	case t.shard != nil:
		t.time.mark.wm = t.recallGroups(m)
	case t.attempt.in.single():
		t.time.mark = recallSource(t.partition, m)
	default:
		t.time.mark = d.times[t.partition]
		t.drained, t.time.mark.drained = t.time.mark.drained, ""
	}
	t.time.unsaid = m.RestoredFrom != ""
	t.inbox.valve.now.wm = t.time.begun()
	if t.senders = newSenders(t, m); t.senders != nil {
		t.drained = t.senders.drainedBy()
	}
}

func recallSource(p txn.Partition, m *checkpoint.Manifest) mark {
	for _, src := range m.Sources {
		if src.Topic == p.Topic && src.Partition == p.ID {
			return mark{wm: src.Watermark, idle: src.Idle}
		}
	}
	return mark{}
}

// recallGroups goes on, for key groups of several earlier tasks, with the least of theirs, and nowhere (0) if one of them had none.
func (t *task) recallGroups(m *checkpoint.Manifest) (wm int64) {
	at, end := t.groups()
	for _, w := range m.Watermarks { // sorted by From
		if w.Operator != t.stage.UID || w.To <= at || w.From >= end {
			continue
		}
		if w.From > at {
			return 0
		}
		if wm == 0 || w.Watermark < wm {
			wm = w.Watermark
		}
		at = w.To
	}
	if at < end {
		return 0
	}
	return wm
}

// groups are the key groups of a keyed task.
func (t *task) groups() (from, to uint16) {
	in := t.attempt.in
	return state.GroupRange(t.number, in.topology.parallelism, in.o.MaxParallelism)
}
