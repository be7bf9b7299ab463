package cli

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/weirstream/weir/config"
)

// The limit is what the settings imply and three times the timers' memory on top, unless the user has set one.
func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	c := &config.Config{StateCache: 96 << 20, OverlayLimit: 32 << 20}
	limit := func(of func(int64), timers int64) int64 {
		debug.SetMemoryLimit(math.MaxInt64)
		of(timers)
		return debug.SetMemoryLimit(-1)
	}
	t.Setenv("GOMEMLIMIT", "")
	f := limitMemory(c)
	if got, want := limit(f, 0), int64(224<<20); got != want {
		t.Errorf("without timers: %d, want %d", got, want)
	}
	if got, want := limit(f, 96<<20), int64(512<<20); got != want {
		t.Errorf("with 96 MiB of timers: %d, want %d", got, want)
	}
	if got := limit(f, 97<<20); got != math.MaxInt64 {
		t.Errorf("set again to %d for a step too small", got)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	if got := limit(limitMemory(c), 100<<20); got != math.MaxInt64 {
		t.Errorf("set to %d over the user's own", got)
	}
}
