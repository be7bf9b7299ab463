package cli

import (
	"os"
	"runtime/debug"

	"github.com/weirstream/weir/config"
)

// workingMemory is what batches on their way, checkpoints being encoded and the like take up at most.
const workingMemory = 64 << 20

// boundMemory keeps the process small. Without a limit the Go heap may grow to twice what is alive in it; with one the collector
// runs more often when it nears the bounds that the settings imply: cached state, the overlay that is open and the one being
// committed. It is a soft limit, so settings that ask for more than they say get slower, not killed.
func boundMemory(c *config.Config) {
	boundMalloc()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(c.StateCache + 2*c.OverlayLimit + workingMemory)
	}
}
