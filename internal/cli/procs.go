package cli

import (
	"os"
	"runtime"
)

// spareProcs is how many threads are mostly stuck at once in a call of librdkafka, a write or a sync.
const spareProcs = 2

// addProcs lets more threads run Go than there are cores. A thread that is stuck in such a call keeps its place among them until Go's monitor notices, which may take
// it 10 ms: on two cores all others would wait for that while a core is idle (docs/benchmarks.md, Threads). Under a quota of CPU, by which Go goes by
// itself, it stays as it is: more threads would use it up faster, and then all of them would stand still. A quota that is set while the process runs is not noticed any more.
func addProcs() {
	if os.Getenv("GOMAXPROCS") != "" {
		return // somebody knows better
	}
	if cores := runtime.NumCPU(); runtime.GOMAXPROCS(0) == cores {
		runtime.GOMAXPROCS(cores + spareProcs)
	}
}
