package filestore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/weirstream/weir/checkpoint/filestore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, vfs.Default, t.TempDir()) })
	})
	t.Run("memory", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, vfs.NewMem(), "/root/folder") })
	})
}

func mustOpen(t testing.TB, fs vfs.FS, root string) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(fs, root, "file://"+root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenRemovesOldTemps(t *testing.T) {
	root := t.TempDir()
	mustOpen(t, vfs.Default, root)
	old, young, foreign := filepath.Join(root, ".tmp/old"), filepath.Join(root, ".tmp/young"), filepath.Join(root, ".other")
	for _, path := range []string{old, young, foreign} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	for _, path := range []string{old, foreign} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, vfs.Default, root)
	for path, want := range map[string]bool{old: false, young: true, foreign: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s exists: %v, want %v", path, err == nil, want)
		}
	}
}

func TestTempsAreRemovedAfterFailure(t *testing.T) {
	root := t.TempDir()
	s := mustOpen(t, vfs.Default, root)
	if err := storetest.Put(storetest.NewInjector(s, 0, storetest.Halfway, false), "x", []byte("xxxx")); err == nil {
		t.Fatal("no failure")
	}
	if left, err := os.ReadDir(filepath.Join(root, ".tmp")); err != nil || len(left) > 0 {
		t.Errorf("left under .tmp: %v, %v", left, err)
	}
}

func TestOpenURL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"file://host/folder":       "file:///absolute",
		"file://":                  "file:///absolute",
		"file:///":                 "root folder",
		"file://" + file:           "must be writable",
		"file://" + file + "/deep": "must be writable",
		"file:///proc/x/y":         "must be writable",
		"mem://x":                  "does not begin",
	} {
		if _, err := filestore.OpenURL(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", url, err, want)
		}
	}
	t.Chdir(t.TempDir())
	s, err := filestore.OpenURL("file://./a b/c")
	if err != nil || !strings.HasSuffix(s.URL(), "/a b/c") || !strings.HasPrefix(s.URL(), "file:///") {
		t.Errorf("relative: %v, %v", s, err)
	}
}
