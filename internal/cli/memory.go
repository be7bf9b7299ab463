package cli

import (
	"os"
	"runtime/debug"

	"github.com/weirstream/weir/config"
)

// workingMemory is what batches on their way, checkpoints being encoded and the like take up at most.
const workingMemory = 64 << 20

const (
	// memoryStep is how exactly the limit follows timers.
	memoryStep = 8 << 20
	// timerShares is how often their memory counts: once for themselves, and twice for what comes of them when many fire at once. Each leaves two
	// deletions, its own and its window's, in the cache, in what is sealed and in what is applied. Without room for that the collector runs all
	// the time just then, and takes a quarter of it (docs/benchmarks.md, Timers).
	timerShares = 3
)

// boundMemory keeps the process small. Without a limit the Go heap may grow to twice what is alive in it; with one the collector
// runs more often when it nears the bounds that the settings imply: cached state, the overlay that is open and the one being
// committed. It is a soft limit, so settings that ask for more than they say get slower, not killed.
func boundMemory(c *config.Config) {
	boundMalloc()
	limitMemory(c)(0)
}

// limitMemory returns what sets the limit. Timers come on top: all of them are in memory, however many there are.
func limitMemory(c *config.Config) func(timers int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return func(int64) {}
	}
	settings := c.StateCache + 2*c.OverlayLimit + workingMemory
	last := int64(-1)
	return func(timers int64) {
		if timers /= memoryStep; timers != last {
			last = timers
			debug.SetMemoryLimit(settings + timerShares*timers*memoryStep)
		}
	}
}
