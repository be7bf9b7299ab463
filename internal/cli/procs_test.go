package cli

import (
	"runtime"
	"testing"
)

// There are spare places for threads, unless the user or a quota has set how many there are.
func TestAddProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	cores := runtime.NumCPU()
	for _, test := range []struct {
		name, env    string
		procs, after int
	}{
		{"default", "", cores, cores + spareProcs},
		{"set by the user", "3", cores, cores},
		{"quota", "", cores + 1, cores + 1}, // stands for any other number than the cores'
	} {
		t.Setenv("GOMAXPROCS", test.env)
		runtime.GOMAXPROCS(test.procs)
		addProcs()
		if got := runtime.GOMAXPROCS(0); got != test.after {
			t.Errorf("%s: %d, want %d", test.name, got, test.after)
		}
	}
}
