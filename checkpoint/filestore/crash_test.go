package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/weirstream/weir/checkpoint/filestore"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
)

// script is what a crash or a failure may interrupt: every name gets several versions.
var script = []struct{ name, data string }{
	{"job/manifest/1", "m1"},
	{"job/delta/1", strings.Repeat("d", 100_000)},
	{"job/latest", "1"},
	{"job/manifest/2", "m2"},
	{"job/latest", "2, longer"},
	{"other/base/deep/1", "b"},
	{"job/latest", "3"},
}

// play opens a store and puts the script, telling acked of every success. It stops at the first failure.
func play(fs vfs.FS, root string, putting, acked func(i int)) error {
	s, err := filestore.Open(fs, root, "file://"+root)
	if err != nil {
		return err
	}
	for i, put := range script {
		putting(i)
		if err := storetest.Put(s, put.name, []byte(put.data)); err != nil {
			return err
		}
		acked(i)
	}
	return nil
}

// TestCrashAtEveryOperation stops the machine before every file system operation. What was not synced is lost: all of it, or a random
// part. Every name must hold the version last acknowledged, or the one that was under way, whole.
func TestCrashAtEveryOperation(t *testing.T) {
	mem := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(1, 2))
	before, under, crashes := -1, -1, 0
	check := func() {
		for _, percent := range []int{0, 30, 70} {
			crashes++
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
			checkSurvivors(t, clone, before, under)
		}
	}
	hooked := errorfs.Wrap(mem, errorfs.InjectorFunc(func(errorfs.Op) error {
		check()
		return nil
	}))
	err := play(hooked, "/data/checkpoints", func(i int) { under = i }, func(i int) { before = i })
	if err != nil {
		t.Fatal(err)
	}
	check()
	t.Logf("%d crashes", crashes)
	if crashes < 150 {
		t.Errorf("only %d crashes: the hook is not called", crashes)
	}
}

func checkSurvivors(t *testing.T, fs vfs.FS, before, under int) {
	t.Helper()
	s, err := filestore.Open(fs, "/data/checkpoints", "file:///data/checkpoints")
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string][]string{}
	for i, put := range script {
		if i <= before {
			versions[put.name] = []string{put.data}
		} else if i == under {
			versions[put.name] = append(versions[put.name], put.data)
			if len(versions[put.name]) == 1 {
				versions[put.name] = append(versions[put.name], "missing")
			}
		}
	}
	for _, put := range script {
		got, err := storetest.Get(s, put.name)
		if errors.Is(err, store.ErrNotExist) {
			got = []byte("missing")
		} else if err != nil {
			t.Fatal(err)
		}
		allowed := versions[put.name]
		if allowed == nil {
			allowed = []string{"missing"}
		}
		if !contains(allowed, string(got)) {
			t.Fatalf("crash in put %d: %s holds %.20q (%d bytes), allowed are %.40q", under, put.name, got, len(got), allowed)
		}
	}
	infos, err := s.List(context.Background(), "")
	if err != nil || len(infos) > len(versions) {
		t.Fatalf("crash in put %d: list %v, %v", under, infos, err)
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// TestFailAtEveryOperation makes the i-th file system operation fail, for every i: Put says so, names the blob, and
// afterwards the store goes on.
func TestFailAtEveryOperation(t *testing.T) {
	for i := 0; ; i++ {
		mem := vfs.NewMem()
		n, fired := 0, false
		mine := fmt.Errorf("disk failure %d", i)
		fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			n++
			if n-1 != i {
				return nil
			}
			fired = true
			return mine
		}))
		last := -1
		err := play(fs, "/data/checkpoints", func(int) {}, func(i int) { last = i })
		if !fired {
			t.Logf("%d operations", i)
			return
		}
		if err != nil && !errors.Is(err, mine) {
			t.Fatalf("operation %d: error %v does not wrap the cause", i, err)
		}
		if err != nil && last >= 0 && !strings.Contains(err.Error(), script[last+1].name) {
			t.Fatalf("operation %d: error %v does not name %s", i, err, script[last+1].name)
		}
		if err := play(fs, "/data/checkpoints", func(int) {}, func(int) {}); err != nil {
			t.Fatalf("operation %d: afterwards: %v", i, err)
		}
		checkSurvivors(t, mem, len(script)-1, -1)
	}
}

// A full disk is told with the blob, the folder and what to do; when there is room again the store goes on.
func TestFullDisk(t *testing.T) {
	var full atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWrite {
			return syscall.ENOSPC
		}
		return nil
	}))
	s, err := filestore.Open(fs, "/data", "file:///data")
	if err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	for _, err := range []error{storetest.Put(s, "job/latest", []byte("1")), second(filestore.Open(fs, "/data", "file:///data"))} {
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/data") || !strings.Contains(err.Error(), "make room") {
			t.Errorf("%v", err)
		}
	}
	if _, err := storetest.Get(s, "job/latest"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("%v", err)
	}
	full.Store(false)
	if err := storetest.Put(s, "job/latest", []byte("1")); err != nil {
		t.Error(err)
	}
}

func second(_ *filestore.Store, err error) error { return err }
