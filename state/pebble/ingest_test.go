package pebble_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

// TestConformanceOfIngest has every Load write tables, of a few entries each.
func TestConformanceOfIngest(t *testing.T) {
	defer pebble.SetLoadSizesForTest(1, 4<<10)()
	TestConformance(t)
}

// many are n entries of 100 bytes, as the next of a Load.
func many(n int, value byte) state.Blocks {
	i := 0
	return state.InBlocks(func() (state.Entry, bool, error) {
		if i == n {
			return state.Entry{}, false, nil
		}
		i++
		return state.Entry{Key: state.AppendKey(nil, uint16(i>>10), 1, fmt.Appendf(nil, "%09d", i)), Value: []byte(strings.Repeat(string(value), 80))}, true, nil
	})
}

// holds checks that a backend has n entries with this value, and nothing else.
func holds(t *testing.T, b *pebble.Backend, n int, value byte, marker string) {
	t.Helper()
	got := 0
	err := b.Scan(nil, nil, func(_, v []byte) bool {
		if v[0] != value {
			t.Errorf("an entry with value %q, want %q", v[:1], value)
		}
		got++
		return true
	})
	if m, merr := b.Marker(); err != nil || merr != nil || got != n || m != marker {
		t.Errorf("%d entries, marker %q, %v, %v; want %d, %q", got, m, err, merr, n, marker)
	}
}

// TestLoadFailsAtEveryWrite: whatever write fails, nothing with a marker is left that is not whole, and the next Load goes well.
func TestLoadFailsAtEveryWrite(t *testing.T) {
	defer pebble.SetLoadSizesForTest(8<<10, 40<<10)()
	broken := errors.New("injected")
	failures := 0
	for i := int32(0); ; i++ {
		var count atomic.Int32
		count.Store(-1)
		fs := vfs.NewMem()
		faulty := errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
			ours := strings.Contains(op.Path, "/load/") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose
			if ours && count.Add(-1) == 0 {
				return broken
			}
			return nil
		}))
		b, err := pebble.Open(dir, pebble.Options{JobID: "orders", FS: faulty, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Load(many(1000, 'a'), "m1"); err != nil {
			t.Fatal(err)
		}
		count.Store(i + 1)
		err = b.Load(many(2000, 'b'), "m2")
		if err == nil { // nothing failed, or what Pebble has another way for: a copy instead of a link
			holds(t, b, 2000, 'b', "m2")
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if count.Load() <= 0 {
				continue
			}
			if failures < 6 { // of a dozen; which write is the i-th differs
				t.Errorf("only %d failures of %d", failures, i)
			}
			return
		}
		failures++
		if m, merr := b.Marker(); !errors.Is(err, broken) || !strings.Contains(err.Error(), dir) || m != "" || merr != nil {
			t.Errorf("write %d: %v; marker %q, %v", i, err, m, merr)
		}
		if err := b.Load(many(1500, 'c'), "m3"); err != nil {
			t.Fatalf("write %d failed; afterwards: %v", i, err)
		}
		holds(t, b, 1500, 'c', "m3")
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := pebble.Open(dir, pebble.Options{JobID: "orders", FS: fs, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, again, 1500, 'c', "m3")
		if left, _ := fs.List(dir + "/load"); len(left) > 0 {
			t.Errorf("left of a Load: %v", left)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoadOnFullDisk: an error that says so, not a wait for ever.
func TestLoadOnFullDisk(t *testing.T) {
	var full atomic.Bool
	faulty := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpFileWrite) && strings.HasSuffix(op.Path, ".sst") {
			return syscall.ENOSPC
		}
		return nil
	}))
	b, err := pebble.Open(dir, pebble.Options{JobID: "orders", FS: faulty, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	wantError(t, b.Load(many(100_000, 'a'), "m"), dir, "disk is full")
	full.Store(false)
	if err := b.Load(many(100_000, 'b'), "m"); err != nil {
		t.Fatal(err)
	}
	holds(t, b, 100_000, 'b', "m")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkLoad is the restore of two million entries of 100 bytes.
func BenchmarkLoad(b *testing.B) {
	const n = 2_000_000
	var keys [][]byte
	var size int64
	value := []byte(strings.Repeat("0123456789", 8))
	for g := range 128 {
		for i := range n / 128 {
			key := state.AppendKey(nil, uint16(g), 1, fmt.Appendf(nil, "user-%07d", i))
			keys = append(keys, key)
			size += int64(len(key) + len(value))
		}
	}
	b.SetBytes(size)
	for b.Loop() {
		backend, i := open(b), 0
		err := backend.Load(state.InBlocks(func() (state.Entry, bool, error) {
			if i == len(keys) {
				return state.Entry{}, false, nil
			}
			i++
			return state.Entry{Key: keys[i-1], Value: value}, true, nil
		}), "marker")
		if err != nil {
			b.Fatal(err)
		}
	}
}
