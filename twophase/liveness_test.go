package twophase

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
