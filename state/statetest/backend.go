package statetest

import (
	"testing"

	"github.com/weirstream/weir/state"
)

// Durable is what the suite needs of a backend that survives its process.
type Durable struct {
	// Reopen closes b in an orderly way and opens it again.
	Reopen func(t *testing.T, b state.Backend) state.Backend
	// Crash opens what a loss of power at this moment leaves of b, which itself goes on. What was not synced may be there or
	// not, as seed has it.
	Crash func(t *testing.T, b state.Backend, seed uint64) state.Backend
}

// RunBackend tests a driver. open returns a new empty backend for each test and has the test close it; durable is nil for a backend
// that forgets.
func RunBackend(t *testing.T, open func(t *testing.T) state.Backend, durable *Durable) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, b state.Backend)
	}{
		{"Empty", testEmpty},
		{"ApplyAndGet", testApplyAndGet},
		{"Order", testOrder},
		{"ScanBounds", testScanBounds},
		{"ScanStops", testScanStops},
		{"Deletes", testDeletes},
		{"EmptyKeysAndValues", testEmptyKeysAndValues},
		{"BigValues", testBigValues},
		{"EntriesAreCopied", testEntriesAreCopied},
		{"GetAppends", testGetAppends},
		{"GetInsideScan", testGetInsideScan},
		{"Marker", testMarker},
		{"Snapshot", testSnapshot},
		{"SnapshotOutlivesChanges", testSnapshotOutlivesChanges},
		{"Load", testLoad},
		{"LoadFails", testLoadFails},
		{"LoadMuch", testLoadMuch},
		{"Reset", testReset},
		{"Size", testSize},
		{"Concurrent", testConcurrent},
		{"Closed", testClosed},
		{"AgainstModel", testAgainstModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
	if durable == nil {
		return
	}
	t.Run("Reopen", func(t *testing.T) { testReopen(t, open(t), durable) })
	t.Run("CrashLeavesAPrefix", func(t *testing.T) { testCrashPrefix(t, open, durable) })
	t.Run("CrashAfterFlush", func(t *testing.T) { testCrashAfterFlush(t, open(t), durable) })
	t.Run("CrashInLoad", func(t *testing.T) { testCrashInLoad(t, open, durable) })
}
