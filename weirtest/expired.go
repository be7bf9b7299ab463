package weirtest

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// entry is one of committed state, as it is compared with those of another run.
type entry struct {
	label, shown string
	element      bool // of a list with a TTL: its number among those that are alive counts
	// expired says whether it is as good as absent by the clock, in ms: one run may have removed it and the other not. nil: it lives for ever.
	expired func(clock int64) bool
}

// seen is the state of which a job sees something at this time of the clock, by label.
func (o outcome) seen(clock int64) map[string]string {
	all, elements := map[string]string{}, map[string]int{}
	for _, e := range o.entries {
		if e.expired != nil && e.expired(clock) {
			continue
		}
		label := e.label
		if e.element {
			elements[label]++
			label = fmt.Sprintf("%s, element %d", label, elements[label])
		}
		all[label] = e.shown
	}
	return all
}

// lives is what the job says of its states with a TTL, in one of its checkpoints.
type lives struct {
	reg        *state.Registry
	stages     map[string]string // the uid of the stage that an operator is in
	watermarks []checkpoint.StageWatermark
}

// livesIn lets the job declare its states beside what a checkpoint has.
func (w *world) livesIn(m checkpoint.Manifest) (l lives, err error) {
	plan, err := w.job().Plan()
	if err != nil {
		return l, err
	}
	l = lives{stages: map[string]string{}, watermarks: m.Watermarks}
	if l.reg, err = state.NewRegistry(m.States); err != nil {
		return l, err
	}
	for i := range plan.Stages {
		s := &plan.Stages[i]
		own, err := state.NewRegistry(nil)
		if err != nil || s.States == nil {
			continue
		}
		if err := s.States(own); err != nil {
			return l, err
		}
		for _, d := range own.Descriptors() {
			l.stages[d.UID] = s.UID
		}
		if err := s.States(l.reg); err != nil {
			return l, err
		}
	}
	return l, nil
}

// expiry says when what is at a key of the state expires; nil: never.
func (l lives) expiry(d state.Descriptor, view state.Snapshot, key []byte, group uint16) (func(clock int64) bool, error) {
	life, mortal := l.reg.Life(d.UID, d.Name)
	if !mortal {
		return nil, nil
	}
	if _, err := life.Expired(view, key, time.Now().UnixMilli()); err != nil {
		return nil, err // whatever the time
	}
	return func(now int64) bool {
		if life.Domain == state.EventTime {
			var known bool
			if now, known = l.watermark(l.stages[d.UID], group); !known {
				return false
			}
		}
		gone, _ := life.Expired(view, key, now)
		return gone
	}, nil
}

// watermark is that of the stage's task with this key group.
func (l lives) watermark(stage string, group uint16) (int64, bool) {
	for _, w := range l.watermarks {
		if w.Operator == stage && w.From <= group && group < w.To {
			return w.Watermark, true
		}
	}
	return 0, false
}
