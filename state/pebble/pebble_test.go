package pebble_test

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
	"github.com/weirstream/weir/state/statetest"
)

func TestMain(m *testing.M) {
	// Pebble leaves this one running when Open fails, as TestOpenFailsCleanly makes it do.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2.(*ConcurrencyLimitScheduler).periodicGranter"))
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// crashable is a backend on a file system whose power can be cut.
type crashable struct {
	*pebble.Backend
	fs *vfs.MemFS
}

const dir = "/jobs/count"

func openOn(t *testing.T, fs *vfs.MemFS) *crashable {
	t.Helper()
	// A memtable this small is flushed in the middle of what the tests do.
	b, err := pebble.Open(dir, pebble.Options{JobID: "count", FS: fs, Logger: quiet, MemTableBytes: 64 << 10, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return &crashable{b, fs}
}

func TestConformance(t *testing.T) {
	statetest.RunBackend(t,
		func(t *testing.T) state.Backend { return openOn(t, vfs.NewCrashableMem()) },
		&statetest.Durable{
			Reopen: func(t *testing.T, b state.Backend) state.Backend {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				return openOn(t, b.(*crashable).fs)
			},
			Crash: func(t *testing.T, b state.Backend, seed uint64) state.Backend {
				rng := rand.New(rand.NewPCG(seed, 1))
				cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}
				return openOn(t, b.(*crashable).fs.CrashClone(cfg))
			},
		})
}

func TestConformanceOnDisk(t *testing.T) {
	statetest.RunBackend(t, func(t *testing.T) state.Backend {
		b, err := pebble.Open(t.TempDir(), pebble.Options{JobID: "count", Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	}, nil)
}
