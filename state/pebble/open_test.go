package pebble_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/pebble"
)

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func tryOpen(dir, job string) error {
	b, err := pebble.Open(dir, pebble.Options{JobID: job, Logger: quiet})
	if err != nil {
		return err
	}
	return b.Close()
}

func TestOpenRefusesOtherJob(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := tryOpen(dir, "orders"); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, tryOpen(dir, "payments"), dir, `"orders"`, `"payments"`)
	wantError(t, tryOpen(dir, ""), "no job id")
}

func TestOpenRefusesNewerFormat(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "weir-state.json"), `{"format":2,"job":"orders"}`)
	wantError(t, tryOpen(dir, "orders"), dir, "format 2", "newer version")
}

func TestOpenRefusesNewerPebble(t *testing.T) {
	dir := t.TempDir()
	if err := tryOpen(dir, "orders"); err != nil {
		t.Fatal(err)
	}
	markers, err := filepath.Glob(filepath.Join(dir, "pebble", "marker.format-version.*"))
	if err != nil || len(markers) != 1 {
		t.Fatal(markers, err)
	}
	if err := os.Rename(markers[0], filepath.Join(dir, "pebble", "marker.format-version.000099.999")); err != nil {
		t.Fatal(err)
	}
	wantError(t, tryOpen(dir, "orders"), dir, "999")
}

func TestOpenRefusesDamagedStamp(t *testing.T) {
	for _, content := range []string{"", "{", "{}", "null"} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "weir-state.json"), content)
		wantError(t, tryOpen(dir, "orders"), dir, "damaged")
	}
}

func TestOpenRefusesDataWithoutStamp(t *testing.T) {
	dir := t.TempDir()
	if err := tryOpen(dir, "orders"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "weir-state.json")); err != nil {
		t.Fatal(err)
	}
	wantError(t, tryOpen(dir, "orders"), dir, "weir-state.json")
}

func TestOpenUnderAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "x")
	wantError(t, tryOpen(filepath.Join(file, "state"), "orders"), file, "can't be written", "name another one")
	wantError(t, tryOpen(file, "orders"), file, "can't be written")
}

// readOnly is a file system that this user may read only. Tests often run as root, whom the real one lets do everything.
type readOnly struct{ vfs.FS }

func (readOnly) MkdirAll(dir string, _ os.FileMode) error {
	return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.EACCES}
}

func TestOpenUnwritable(t *testing.T) {
	_, err := pebble.Open("/var/state", pebble.Options{JobID: "orders", FS: readOnly{vfs.NewMem()}})
	wantError(t, err, "/var/state", "can't be written", "name another one", "permission denied")
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	b, err := pebble.Open(dir, pebble.Options{JobID: "orders", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, tryOpen(dir, "orders"), dir, "in use by another process")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tryOpen(dir, "orders"); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

// TestOpenInOtherProcess runs itself again while it holds the folder.
func TestOpenInOtherProcess(t *testing.T) {
	const name = "WEIR_TEST_OPEN_DIR"
	if dir := os.Getenv(name); dir != "" {
		fmt.Println(tryOpen(dir, "orders"))
		return
	}
	dir := t.TempDir()
	b, err := pebble.Open(dir, pebble.Options{JobID: "orders", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOpenInOtherProcess$")
	cmd.Env = append(os.Environ(), name+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantError(t, errors.New(string(out)), dir, "in use by another process")
}

// TestOpenFailsCleanly makes the i-th operation on the file system fail, for every i until Open succeeds: each failure is an error, holds no
// lock, and does not keep the next Open from succeeding.
func TestOpenFailsCleanly(t *testing.T) {
	for i := int32(0); ; i++ {
		mem := vfs.NewMem()
		var count atomic.Int32
		count.Store(i)
		broken := errors.New("injected")
		faulty := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose && count.Add(-1) == -1 {
				return broken
			}
			return nil
		}))
		err := openPanicless(faulty)
		b, again := pebble.Open(dir, pebble.Options{JobID: "orders", FS: mem, Logger: quiet})
		if again != nil {
			t.Fatalf("operation %d failed with %v; afterwards: %v", i, err, again)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if count.Load() >= 0 {
			t.Logf("%d operations", i)
			return
		}
	}
}

// openPanicless takes for an error what is the end of the process outside of tests.
func openPanicless(fsys vfs.FS) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	b, err := pebble.Open(dir, pebble.Options{JobID: "orders", FS: fsys, Logger: quiet})
	if err != nil {
		return err
	}
	return b.Close()
}

// A disk that takes nothing more makes Apply fail instead of hang, and work again when there is room.
func TestFullDisk(t *testing.T) {
	var full atomic.Bool
	faulty := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpFileWrite) && strings.HasSuffix(op.Path, ".sst") {
			return syscall.ENOSPC
		}
		return nil
	}))
	b, err := pebble.Open(dir, pebble.Options{JobID: "orders", FS: faulty, Logger: quiet, MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	big := []state.Entry{{Key: state.AppendKey(nil, 1, 1, []byte("k")), Value: make([]byte, 30_000)}}
	for i := 0; err == nil && i < 10_000; i++ {
		err = b.Apply(big, "m")
	}
	wantError(t, err, dir, "disk is full")
	full.Store(false)
	// The try under way may still fail.
	for i := 0; err != nil && i < 100; i++ {
		err = b.Flush()
	}
	if err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if err := b.Apply(big, "m"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
