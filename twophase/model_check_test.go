package twophase

import "fmt"

// check returns which invariant the world breaks, or "".
func (x *explorer) check(w *world) string {
	if w.bad != "" {
		return w.bad
	}
	if bad := x.checkOutputs(w); bad != "" {
		return bad
	}
	if bad := checkDecision(w); bad != "" {
		return bad
	}
	for i := range w.p {
		if bad := checkProc(w, &w.p[i]); bad != "" {
			return fmt.Sprintf("%s (process %d)", bad, i)
		}
	}
	return ""
}

// checkOutputs: (a) every input up to the committed offset has its output, (b) with exactly once it has it once, and
// nothing else has any: what is visible before its offset is committed would come again.
func (x *explorer) checkOutputs(w *world) string {
	for i := range records {
		n, committed := w.k.visible.of(i), i < int(w.k.dec.pos)
		switch {
		case committed && n == 0:
			return fmt.Sprintf("(a) output %d is lost", i)
		case x.guarantee == AtLeastOnce:
		case committed && n > 1:
			return fmt.Sprintf("(b) output %d is visible %d times", i, n)
		case !committed && n > 0:
			return fmt.Sprintf("(b) output %d is visible, its offset not committed", i)
		}
	}
	return ""
}

// checkDecision: (c) the store holds the checkpoint that the record names, and it is the state at its offset.
func checkDecision(w *world) string {
	c, ok := w.s.get(w.k.dec.id)
	switch {
	case !ok:
		return "(c) the decision record's checkpoint is not in the store"
	case c.pos != w.k.dec.pos || c.state != prefix(c.pos):
		return "(c) the decision record's checkpoint is not the state at its offset"
	}
	return ""
}

// checkProc: (c) state in a process is that of its position; (d) nothing undecided is published or used as a start.
func checkProc(w *world, p *proc) string {
	switch {
	case p.local.id != (ident{}) && !w.k.decided.has(p.local.id):
		return "(d) undecided state is published"
	case p.seen.id != (ident{}) && !w.k.decided.has(p.seen.id):
		return "(d) an undecided checkpoint is the start"
	case p.local.state != prefix(p.local.pos):
		return "(c) published state is not that of its offset"
	case p.tasks && p.mem != prefix(p.pos):
		return "(c) the tasks' state is not that of their position"
	}
	return ""
}

// finished is the goal of (e): everything is committed.
func (x *explorer) finished(w *world) bool { return w.k.dec.pos == x.input }
