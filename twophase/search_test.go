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

// graph is the set of worlds reached. A world is kept as the numbers of its parts, since few parts make many worlds.
type graph struct {
	kafkas interned[kafka]
	stores interned[store]
	procs  interned[proc]
	index  map[key]int32
	keys   []key
	from   []int32 // the world it was first reached from
	by     []move
	// free lists, for each world, the worlds that moves without a fault lead to.
	free   []int32
	freeAt []int32
	tried  int // moves
}

type key struct {
	k, s   int32
	p      [2]int32
	runs   uint8
	faults uint8
}

type interned[T comparable] struct {
	index map[T]int32
	list  []T
}

func (in *interned[T]) id(v T) int32 {
	id, ok := in.index[v]
	if !ok {
		if in.index == nil {
			in.index = map[T]int32{}
		}
		id = int32(len(in.list))
		in.index[v] = id
		in.list = append(in.list, v)
	}
	return id
}

func (g *graph) key(w *world) key {
	return key{
		k: g.kafkas.id(w.k), s: g.stores.id(w.s), runs: w.runs, faults: w.faults,
		p: [2]int32{g.procs.id(w.p[0]), g.procs.id(w.p[1])},
	}
}

func (g *graph) world(i int32) world {
	k := g.keys[i]
	return world{
		k: g.kafkas.list[k.k], s: g.stores.list[k.s], runs: k.runs, faults: k.faults,
		p: [2]proc{g.procs.list[k.p[0]], g.procs.list[k.p[1]]},
	}
}

// add returns the number of a world, and enters it if it is new.
func (g *graph) add(w *world, from int32, by move) int32 {
	k := g.key(w)
	n, ok := g.index[k]
	if !ok {
		n = int32(len(g.keys))
		g.index[k] = n
		g.keys = append(g.keys, k)
		g.from, g.by = append(g.from, from), append(g.by, by)
	}
	return n
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
	x.freeAt = append(x.freeAt, int32(len(x.free)))
	x.moves(&w, func(m move) {
		if found != nil {
			return
		}
		x.tried++
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

func (g *graph) trace(n int32) []move {
	var back []move
	for ; g.from[n] >= 0; n = g.from[n] {
		back = append(back, g.by[n])
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// deadEnd is invariant (e): from every world, without further faults, everything can still be committed.
func (x *explorer) deadEnd() *violation {
	alive := x.canFinish()
	for n := range alive {
		if !alive[n] {
			return &violation{"(e) from here not everything can be committed any more", x.trace(int32(n))}
		}
	}
	return nil
}

// canFinish goes backwards over the free moves from the worlds that are finished.
func (x *explorer) canFinish() []bool {
	back := x.reversed()
	alive := make([]bool, len(x.keys))
	var queue []int32
	for n := range x.keys {
		if w := x.world(int32(n)); x.finished(&w) {
			alive[n] = true
			queue = append(queue, int32(n))
		}
	}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, m := range back.of(n) {
			if !alive[m] {
				alive[m] = true
				queue = append(queue, m)
			}
		}
	}
	return alive
}

// edges is a list of worlds for each world.
type edges struct {
	at []int32
	to []int32
}

func (e edges) of(n int32) []int32 { return e.to[e.at[n]:e.at[n+1]] }

func (g *graph) reversed() edges {
	e := edges{at: make([]int32, len(g.keys)+2), to: make([]int32, len(g.free))}
	for _, to := range g.free {
		e.at[to+2]++
	}
	for i := 2; i < len(e.at); i++ {
		e.at[i] += e.at[i-1]
	}
	for from := range g.keys {
		for _, to := range g.free[g.freeAt[from]:g.freeAt[from+1]] {
			e.to[e.at[to+1]] = int32(from)
			e.at[to+1]++
		}
	}
	return e
}
