package checkpoint

import "fmt"

// Aligner aligns the barriers of an operator with several inputs (Chandy–Lamport, as in Flink's aligned barrier snapshotting): an input that
// has passed the barrier is held back until all have, so that no record behind a barrier is processed before all records
// in front of it. It is a pure stepper: no channel, no clock; not safe for concurrent use.
type Aligner struct {
	epoch   uint64 // the barrier that some inputs have passed, or the last one that all have
	passed  []bool // by input: it has passed epoch and is held
	ended   []bool
	waiting int // inputs that neither passed nor ended; those that neither ended, when nothing is pending
	pending bool
}

// NewAligner is for so many inputs; after is the last epoch whose barrier has passed (0 at the start of a run).
func NewAligner(inputs int, after uint64) *Aligner {
	a := &Aligner{passed: make([]bool, inputs), ended: make([]bool, inputs)}
	a.Reset(after)
	return a
}

// Reset forgets barriers under way and ended inputs, for a new start after an abort.
func (a *Aligner) Reset(after uint64) {
	clear(a.passed)
	clear(a.ended)
	a.epoch, a.pending, a.waiting = after, false, len(a.passed)
}

// OnBarrier takes the barrier of epoch from an input. aligned means: all inputs have passed it; snapshot, pass the barrier on,
// and read all inputs again. Barriers must come in order, the same from every input, once each; else a record was or will be
// counted into the wrong epoch, and the work of the epoch must be thrown away.
func (a *Aligner) OnBarrier(input int, epoch uint64) (aligned bool, err error) {
	switch {
	case input < 0 || input >= len(a.passed):
		return false, fmt.Errorf("barrier %d from input %d: there are inputs 0 to %d", epoch, input, len(a.passed)-1)
	case a.ended[input]:
		return false, fmt.Errorf("barrier %d from input %d, which has ended", epoch, input)
	case a.passed[input]:
		return false, fmt.Errorf("barrier %d from input %d, which is held back at barrier %d", epoch, input, a.epoch)
	case a.pending && epoch != a.epoch:
		return false, fmt.Errorf("barrier %d from input %d while barrier %d is being aligned", epoch, input, a.epoch)
	case !a.pending && epoch <= a.epoch:
		return false, fmt.Errorf("barrier %d from input %d after barrier %d: barriers must ascend", epoch, input, a.epoch)
	}
	a.epoch, a.pending, a.passed[input] = epoch, true, true
	a.waiting--
	return a.complete(), nil
}

// OnEnd notes that an input will bring nothing more. It counts as having passed every barrier from now on; so it may complete an
// alignment. An end of a held input takes effect with the next barrier.
func (a *Aligner) OnEnd(input int) (aligned bool, err error) {
	switch {
	case input < 0 || input >= len(a.ended):
		return false, fmt.Errorf("end of input %d: there are inputs 0 to %d", input, len(a.ended)-1)
	case a.ended[input]:
		return false, fmt.Errorf("end of input %d, which has ended already", input)
	}
	a.ended[input] = true
	if !a.passed[input] {
		a.waiting--
	}
	return a.complete(), nil
}

// complete ends the alignment if nobody is waited for.
func (a *Aligner) complete() bool {
	if !a.pending || a.waiting > 0 {
		return false
	}
	clear(a.passed)
	a.pending, a.waiting = false, 0
	for _, ended := range a.ended {
		if !ended {
			a.waiting++
		}
	}
	return true
}

// Held reports whether nothing may be read from the input: it has passed the barrier, others have not.
func (a *Aligner) Held(input int) bool { return a.passed[input] }

// Aligning is the epoch whose barrier some inputs have passed and others not; ok is false if there is none.
func (a *Aligner) Aligning() (epoch uint64, ok bool) { return a.epoch, a.pending }

// Ended reports whether all inputs have ended.
func (a *Aligner) Ended() bool { return a.waiting == 0 && !a.pending }
