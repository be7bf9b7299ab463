package twophase

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
	met    met
}

// met is what a search has come across: a search that never meets a rival proves nothing about rivals.
type met struct {
	acts   [actShutdown + 1]bool
	delays [lateOffsetCommit + 1]bool
	stops  [ReasonFatal + 1]bool
	phases [Stopped]bool
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
