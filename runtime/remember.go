package runtime

import (
	"cmp"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// remember writes the watermarks of an epoch into its manifest, so that after a restart what was late stays late.
func (s *sealed) remember(m *checkpoint.Manifest) {
	for t, wm := range s.times {
		if t.stage.Source == nil {
			from, to := t.groups()
			m.Watermarks = append(m.Watermarks, checkpoint.StageWatermark{Operator: t.stage.UID, From: from, To: to, Watermark: wm})
			continue
		}
		for i := range m.Sources {
			if src := &m.Sources[i]; src.Topic == t.partition.Topic && src.Partition == t.partition.ID {
				src.Watermark = wm
			}
		}
	}
	for t := range s.idle {
		for i := range m.Sources {
			if src := &m.Sources[i]; src.Topic == t.partition.Topic && src.Partition == t.partition.ID {
				src.Idle = true
			}
		}
	}
	slices.SortFunc(m.Watermarks, func(a, b checkpoint.StageWatermark) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.From, b.From))
	})
}

// recall finds where a task's event time goes on: for key groups of several earlier tasks with the least of theirs, and
// nowhere (0) if one of them had none.
func (t *task) recall(m *checkpoint.Manifest) (wm int64) {
	if t.stage.Source != nil {
		for _, src := range m.Sources {
			if src.Topic == t.partition.Topic && src.Partition == t.partition.ID {
				return src.Watermark
			}
		}
		return 0
	}
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

// recallIdle says whether a source task's partition was idle.
func (t *task) recallIdle(m *checkpoint.Manifest) bool {
	return slices.ContainsFunc(m.Sources, func(src checkpoint.SourcePosition) bool {
		return t.stage.Source != nil && src.Idle && src.Topic == t.partition.Topic && src.Partition == t.partition.ID
	})
}

// groups are the key groups of a keyed task.
func (t *task) groups() (from, to uint16) {
	o := &t.attempt.in.o
	return state.GroupRange(t.number, o.Parallelism, o.MaxParallelism)
}
