package runtime

import (
	"slices"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// alignment gathers what the tasks leave behind as they pass a barrier.
type alignment struct {
	sealed  sealed
	missing map[*task]bool // tasks that it has not gone through, and nil until it is injected
}

// expect announces a barrier before it is injected, passed counts the tasks that it has gone through, and
// the last one seals the epoch.
func (a *attempt) expect(epoch uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	al := &alignment{missing: map[*task]bool{nil: true}, sealed: sealed{
		tasks: map[*shard][][]state.Entry{}, times: map[*task]mark{}, inputs: map[*task][]checkpoint.InputWatermark{},
	}}
	for _, t := range a.tasks {
		al.missing[t] = true
	}
	a.pending[epoch] = al
}

// slow are the stages with tasks that the barrier of epoch has not gone through.
func (a *attempt) slow(epoch uint64) (stages []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if al := a.pending[epoch]; al != nil {
		for t := range al.missing {
			if t != nil {
				stages = append(stages, t.stage.Name)
			}
		}
	}
	slices.Sort(stages)
	return slices.Compact(stages)
}

// injected adds the positions at which the sources passed the barrier, and whether it is the last.
func (a *attempt) injected(epoch uint64, positions map[txn.Partition]int64, end ending) {
	a.part(epoch, nil, func(s *sealed) { s.positions, s.end = positions, end })
}

// passed adds what a task leaves behind.
func (a *attempt) passed(epoch uint64, t *task, entries []state.Entry, pause time.Duration) {
	now, inputs := t.time.mark, t.senders.list()
	if t.shard == nil {
		now.drained = t.drained
	}
	a.part(epoch, t, func(s *sealed) {
		s.pause = max(s.pause, pause)
		if now != (mark{wm: operators.NoWatermark}) {
			s.times[t] = now
		}
		if len(inputs) > 0 {
			s.inputs[t] = inputs
		}
		if len(entries) > 0 {
			s.tasks[t.shard] = append(s.tasks[t.shard], entries)
		}
	})
}

func (a *attempt) part(epoch uint64, of *task, f func(*sealed)) {
	a.mu.Lock()
	al := a.pending[epoch]
	if al == nil {
		a.mu.Unlock()
		return
	}
	f(&al.sealed)
	delete(al.missing, of)
	done := len(al.missing) == 0
	if done {
		delete(a.pending, epoch)
	}
	a.mu.Unlock()
	if done {
		a.in.aligned(a, epoch, &al.sealed)
	}
}
