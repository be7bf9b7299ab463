package streamtest

import (
	"math"
	"slices"
	"time"

	"github.com/weirstream/weir/operators"
)

// Advance sets the clock to now, where it stands still from then on, and fires what falls due on the way, each at its time. Whatever was
// fed before has reached its operators by then.
func (r *Runner) Advance(now time.Time) error {
	if err := r.settle(); err != nil {
		return err
	}
	for {
		at, ok := r.nextTick()
		if !ok || at > now.UnixMilli() {
			break
		}
		r.clock = time.UnixMilli(max(at, r.clock.UnixMilli()))
		if err := r.tick(); err != nil {
			return err
		}
	}
	r.clock = now
	return nil
}

// End fires all timers, as at the end of all input, stage after stage. What they set for the machine's clock stays, and event time is where it was.
func (r *Runner) End() error {
	if err := r.settle(); err != nil {
		return err
	}
	for i := range r.plan.Stages {
		for _, c := range r.keyed[i] {
			if c.End == nil {
				continue
			}
			if err := answered(c, c.End()); err != nil {
				return err
			}
		}
		if err := r.flush(i); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) nextTick() (at int64, ok bool) {
	for _, c := range r.chains() {
		if next, any := c.NextTick(); any && (!ok || next < at) {
			at, ok = next, true
		}
	}
	return at, ok
}

func (r *Runner) tick() error {
	for _, c := range r.chains() {
		if err := answered(c, c.Tick(r.clock.UnixMilli())); err != nil {
			return err
		}
	}
	if err := r.drain(); err != nil {
		return err
	}
	return r.watermarks()
}

// chains are all tasks, in the order of their stages.
func (r *Runner) chains() (all []*operators.Chain) {
	for _, p := range r.order {
		all = append(all, r.sources[p])
	}
	for i := range r.plan.Stages {
		all = append(all, r.keyed[i]...)
	}
	return all
}

// watermarks takes event time through the stages as far as it has come.
func (r *Runner) watermarks() error {
	for i := range r.plan.Stages {
		s := &r.plan.Stages[i]
		wm, idle := r.progress(i)
		if s.Source == nil && wm > r.reached[i] {
			for _, c := range r.keyed[i] {
				if err := answered(c, c.Watermark(wm)); err != nil {
					return err
				}
			}
		}
		for _, c := range r.keyed[i] {
			if err := r.burst(c, r.Burst == 0); err != nil {
				return err
			}
			if c.Behind != nil {
				behind, still := c.Behind(wm, idle)
				wm, idle = min(wm, behind), idle && still
			}
		}
		if wm <= r.reached[i] && idle == r.idle[i] {
			continue
		}
		r.reached[i], r.idle[i] = max(wm, r.reached[i]), idle
		if err := r.flush(i); err != nil { // records before the watermark
			return err
		}
	}
	return nil
}

// progress is how far a stage's input has come: the least of what is not idle, or the most if all is.
func (r *Runner) progress(stage int) (wm int64, idle bool) {
	least, most := int64(math.MaxInt64), int64(operators.NoWatermark)
	idle = true
	add := func(wm int64, still bool) {
		most = max(most, wm)
		if !still {
			least, idle = min(least, wm), false
		}
	}
	s := &r.plan.Stages[stage]
	for _, p := range r.order {
		if s.Source == nil || r.stageOf(p.Topic) != stage {
			continue
		}
		if c := r.sources[p]; c.Progress != nil {
			wm, idle := c.Progress()
			if c.Behind != nil {
				wm, idle = c.Behind(wm, idle)
			}
			add(wm, idle)
		} else {
			add(operators.NoWatermark, true)
		}
	}
	for i := range r.plan.Stages {
		for _, x := range r.plan.Stages[i].Sends {
			if slices.Contains(s.Inputs, x) {
				add(r.reached[i], r.idle[i])
			}
		}
	}
	if idle {
		return most, true
	}
	return least, false
}

// stageOf is the source stage that reads a topic, or -1.
func (r *Runner) stageOf(topic string) int {
	for i, s := range r.plan.Stages {
		if s.Source == nil {
			continue
		}
		for _, t := range s.Source.Topics {
			if t == topic {
				return i
			}
		}
	}
	return -1
}

// settle takes everything that was fed through all stages.
func (r *Runner) settle() error {
	if err := r.open(); err != nil {
		return err
	}
	for {
		for i := range r.plan.Stages { // senders come first
			if err := r.flush(i); err != nil {
				return err
			}
		}
		late := slices.DeleteFunc(r.chains(), func(c *operators.Chain) bool { at, ok := c.NextTick(); return !ok || at > 0 })
		if len(late) == 0 {
			return nil
		}
		for _, c := range late {
			if err := r.burst(c, true); err != nil {
				return err
			}
		}
		if err := r.watermarks(); err != nil {
			return err
		}
	}
}

// flush sends on what the tasks of a stage have gathered.
func (r *Runner) flush(i int) error {
	s := &r.plan.Stages[i]
	for _, p := range r.order {
		if s.Source != nil && &r.plan.Stages[r.stageOf(p.Topic)] == s {
			if err := r.sources[p].Flush(); err != nil {
				return err
			}
		}
	}
	for _, c := range r.keyed[i] {
		if err := c.Flush(); err != nil {
			return err
		}
	}
	return r.drain()
}
