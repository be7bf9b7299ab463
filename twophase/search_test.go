package twophase

import (
	"fmt"
	"strings"
)

// explorer says what to explore: the world's shape, and what a mutation breaks on purpose.
type explorer struct {
	guarantee Guarantee
	cast      cast
	input     uint8 // records
	faults    uint8
	limit     int // of states; 0: none

	mutant
	graph
}

// cast says which processes there are.
type cast uint8

const (
	alone  cast = iota // one process, restarted after a crash
	zombie             // and one that takes its place and transactional id while it is frozen
	pair               // two instances with their own transactional ids, between which the partition moves
	shared             // the same with one transactional id, on a cluster that does not know the group: nobody checks the generation
)

// mutant is how the protocol or the runtime around it is broken. The zero value breaks nothing.
type mutant struct {
	rewrite          func(m *Machine, ev Event) []Effect
	anyGeneration    bool // SendOffsets with the group's present generation instead of the assignment's
	newestCheckpoint bool // recovery takes the newest checkpoint for decided
	unstableRead     bool // ReadDecision does not wait for pending offsets
	idWithoutRun     bool // checkpoint ids do not name the run
	keepPosition     bool // Restore does not put the sources back
	lateCommits      bool // at least once: Fence lets earlier offset commits still arrive
	toothless        bool // Fence leaves the producer epoch and the transaction as they are
	collectEarly     bool // Store lets older checkpoints go, before the decision
}

func (x *explorer) step(m *Machine, ev Event) []Effect {
	if x.rewrite != nil {
		return x.rewrite(m, ev)
	}
	return m.Step(ev)
}

// violation is a broken invariant and the shortest way to it.
type violation struct {
	what  string
	trace []move
}

func (v *violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, after %d moves:", v.what, len(v.trace))
	for _, m := range v.trace {
		fmt.Fprintf(&b, "\n  %v", m)
	}
	return b.String()
}

// first is the world in which nothing has happened yet.
func (x *explorer) first() world {
	w := world{faults: x.faults}
	w.k.owner = -1
	x.start(&w, 0)
	if x.cast == pair {
		w.p[1].tid = 1
	}
	if x.cast == pair || x.cast == shared {
		x.start(&w, 1)
	}
	return w
}

// explore goes through every reachable world, breadth first, and returns the first violation, or nil.
func (x *explorer) explore() *violation {
	x.graph = graph{index: map[key]int32{}}
	w := x.first()
	x.add(&w, -1, move{})
	for n := int32(0); n < int32(len(x.keys)); n++ {
		if v := x.expand(n); v != nil {
			return v
		}
		if x.limit > 0 && len(x.keys) > x.limit {
			return &violation{what: "too many states"}
		}
	}
	x.freeAt = append(x.freeAt, int32(len(x.free)))
	return x.deadEnd()
}

func (x *explorer) expand(n int32) (found *violation) {
	w := x.world(n)
	x.meet(&w)
	x.freeAt = append(x.freeAt, int32(len(x.free)))
	x.moves(&w, func(m move) {
		if found != nil {
			return
		}
		x.tried++
		x.met.acts[m.act] = true
		next := x.apply(w, m)
		if bad := x.check(&next); bad != "" {
			found = &violation{bad, append(x.trace(n), m)}
			return
		}
		to := x.add(&next, n, m)
		if !m.fault && to != n {
			x.free = append(x.free, to)
		}
	})
	return found
}

func (x *explorer) meet(w *world) {
	for _, r := range w.k.late {
		x.met.delays[r.kind] = true
	}
	for i := range w.p {
		x.met.phases[w.p[i].m.Phase()] = true
	}
}
