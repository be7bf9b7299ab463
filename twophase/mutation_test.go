package twophase

import (
	"fmt"
	"strings"
	"testing"
)

// TestMutants shows that the search finds what it is for: each mutant breaks the protocol, or what the runtime has to
// keep of it, in one place, and must be caught by the invariant that is named. Run with -v to read how it fails.
func TestMutants(t *testing.T) {
	sound := map[string]bool{}
	for _, tc := range mutants {
		t.Run(tc.name, func(t *testing.T) {
			x := tc.world
			x.mutant = tc.mutant
			v := x.explore()
			if v == nil {
				t.Fatalf("not caught in %d states", len(x.keys))
			}
			if !strings.HasPrefix(v.what, tc.caught) {
				t.Errorf("caught by another invariant than %s", tc.caught)
			}
			t.Logf("caught in %d states: %v", len(x.keys), v)
			if world := fmt.Sprint(tc.world); !sound[world] {
				sound[world] = true
				x = tc.world
				if v := x.explore(); v != nil {
					t.Errorf("caught without the mutation, too: %v", v)
				}
			}
		})
	}
}

var (
	calm     = explorer{cast: alone, input: 1}
	troubled = explorer{cast: alone, input: 2, faults: 1}
	handed   = explorer{cast: pair, input: 1, faults: 1}
	cursed   = explorer{cast: alone, input: 1, faults: 2}
	doubled  = explorer{cast: zombie, input: 1, faults: 1}
	parted   = explorer{cast: shared, input: 1, faults: 1}
)

func atLeastOnce(x explorer) explorer {
	x.guarantee = AtLeastOnce
	return x
}

var mutants = []struct {
	name   string
	world  explorer
	caught string
	mutant
}{
	// The order of the commit.
	{"commit before Stored", calm, "(c)", mutant{rewrite: commitWithout(Store)}},
	{"commit before Flushed", calm, "(a)", mutant{rewrite: commitWithout(Flush)}},
	{"commit before Flushed, at least once", atLeastOnce(calm), "(a)", mutant{rewrite: commitWithout(Flush)}},
	{"commit before OffsetsSent", calm, "(b)", mutant{rewrite: commitWithout(SendOffsets)}},
	{"publish before Committed", calm, "(d)", mutant{rewrite: publishEarly}},
	{"publish at Stored", calm, "(d)", mutant{rewrite: publishStored}},
	{"abort beside a commit", troubled, "order", mutant{rewrite: abortBesideCommit}},
	// Outcomes that are not known.
	{"no fence after an unknown outcome", cursed, "(a)", mutant{rewrite: skipFence}},
	{"an unknown commit taken for done", troubled, "(d)", mutant{rewrite: trustUnknown}},
	{"an unknown commit taken for undone", troubled, "(b)", mutant{rewrite: distrustUnknown}},
	{"an unknown flush taken for undone", troubled, "(b)", mutant{rewrite: distrustFlush}},
	{"Fence does not fence", doubled, "(b)", mutant{toothless: true}},
	{"Fence does not settle offset commits", atLeastOnce(troubled), "(c)", mutant{lateCommits: true}},
	// Names.
	{"an epoch number used twice", troubled, "(c)", mutant{rewrite: reuseNumbers}},
	{"checkpoint ids without the run", troubled, "(c)", mutant{idWithoutRun: true}},
	// Recovery and ownership.
	{"a prepared checkpoint taken for decided", troubled, "(d)", mutant{newestCheckpoint: true}},
	{"older checkpoints collected before the decision", troubled, "(c)", mutant{collectEarly: true}},
	{"sources not put back", troubled, "(c)", mutant{keepPosition: true}},
	// The first is also why two instances share their id where nobody checks the generation.
	{"offsets sent for a lost partition", handed, "(b)", mutant{anyGeneration: true}},
	{"Fence does not fence a shared id", parted, "(b)", mutant{toothless: true}},
	{"offsets read unstably", handed, "(b)", mutant{unstableRead: true}},
	// Progress.
	{"Aborted not heard", troubled, "(e)", mutant{rewrite: deafTo(Aborted)}},
	{"Released not heard", troubled, "(e)", mutant{rewrite: deafTo(Released)}},
}

// commitWithout does not wait for one of the answers before Commit.
func commitWithout(op Op) func(*Machine, Event) []Effect {
	return func(m *Machine, ev Event) []Effect {
		out := m.Step(ev)
		if ev.Kind == Aligned {
			m.closing.under = m.closing.under.without(op)
		}
		return out
	}
}

func publishEarly(m *Machine, ev Event) []Effect {
	out := m.Step(ev)
	for _, e := range out {
		if e.Op == Commit {
			return append([]Effect{{Op: Publish, Epoch: e.Epoch}}, out...)
		}
	}
	if ev.Kind == Committed && len(out) > 0 {
		return out[1:]
	}
	return out
}

func publishStored(m *Machine, ev Event) []Effect {
	out := m.Step(ev)
	if ev.Kind == Stored {
		return append([]Effect{{Op: Publish, Epoch: ev.Epoch}}, out...)
	}
	return out
}

func abortBesideCommit(m *Machine, ev Event) []Effect {
	if ev.Kind == Failed && ev.Op == OpProcess {
		m.closing.under = m.closing.under.without(Commit)
	}
	return m.Step(ev)
}

func skipFence(m *Machine, ev Event) []Effect {
	out := m.Step(ev)
	ended := ev.Op == Commit || ev.Op == Abort
	if ended && ev.Cause == OutcomeUnknown && len(out) == 1 && out[0].Op == Fence {
		return m.Step(Event{Kind: Fenced})
	}
	return out
}

func trustUnknown(m *Machine, ev Event) []Effect {
	if ev.Op == Commit && ev.Cause == OutcomeUnknown {
		ev = Event{Kind: Committed, Epoch: ev.Epoch}
	}
	return m.Step(ev)
}

// distrustUnknown starts again from the last decision that is known, with a new producer.
func distrustUnknown(m *Machine, ev Event) []Effect {
	out := m.Step(ev)
	if ev.Kind == Fenced && m.doubt != 0 && m.phase == Reading {
		return m.restore()
	}
	return out
}

func distrustFlush(m *Machine, ev Event) []Effect {
	if ev.Op == Flush && ev.Cause == OutcomeUnknown {
		ev.Cause = Abortable
	}
	return m.Step(ev)
}

// reuseNumbers gives the number of an aborted epoch to the next one.
func reuseNumbers(m *Machine, ev Event) []Effect {
	aborted := m.transaction()
	out := m.Step(ev)
	if ev.Kind == Aborted {
		m.last = aborted - 1
	}
	return out
}

func deafTo(kind EventKind) func(*Machine, Event) []Effect {
	return func(m *Machine, ev Event) []Effect {
		if ev.Kind == kind {
			return nil
		}
		return m.Step(ev)
	}
}
