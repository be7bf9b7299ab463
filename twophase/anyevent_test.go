package twophase

import (
	"math/rand/v2"
	"testing"
)

// TestAnyEvent feeds sequences of events that make no sense: Step must not panic, must not begin or commit an epoch
// twice, must ask for a commit only behind a barrier of that epoch, and must stay silent after Stop.
func TestAnyEvent(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 0))
		m := New(Guarantee(r.IntN(2)))
		seen := map[Effect]bool{}
		for range 200 {
			ev := anyEvent(r, &m)
			stopped := m.Phase() == Stopped
			out := m.Step(ev)
			if stopped && len(out) > 0 {
				t.Fatalf("seed %d: %v after Stop: %v", seed, ev, out)
			}
			checkEffects(t, seed, out, seen)
		}
	}
}

func checkEffects(t *testing.T, seed uint64, out []Effect, seen map[Effect]bool) {
	for _, e := range out {
		once := e.Op == Begin || e.Op == InjectBarrier || e.Op == Commit || e.Op == Publish
		if once && seen[e] {
			t.Fatalf("seed %d: a second %v", seed, e)
		}
		if e.Op == Commit && !seen[Effect{Op: InjectBarrier, Epoch: e.Epoch}] {
			t.Fatalf("seed %d: %v without a barrier", seed, e)
		}
		seen[e] = true
	}
}

// anyEvent is often about a present epoch, so that sequences get somewhere.
func anyEvent(r *rand.Rand, m *Machine) Event {
	epochs := []Epoch{0, m.Open(), m.Closing(), m.open.number, Epoch(r.IntN(5))}
	kind := EventKind(r.IntN(int(Failed) + 2))
	if kind == Shutdown && r.IntN(10) > 0 {
		kind = Processed
	}
	return Event{
		Kind: kind, Epoch: epochs[r.IntN(len(epochs))], Decision: epochs[r.IntN(len(epochs))],
		Op: Op(r.IntN(int(Stop) + 2)), Cause: Cause(r.IntN(int(Fatal)+1) * r.IntN(2)),
	}
}
