package snapshot_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

func put(t testing.TB, s store.Store, name string, data []byte) {
	t.Helper()
	if err := storetest.Put(s, name, data); err != nil {
		t.Fatal(err)
	}
}

// TestEveryByteOfEveryFile flips a bit of every byte of every file, cuts the file there, and removes it. Verify and a scan name the file, and
// nothing that is wrong comes out.
func TestEveryByteOfEveryFile(t *testing.T) {
	snapshot.FileSizeForTest(t, 150)
	s := memstore.Open("")
	want := numbered(5, 1, 2, 70)
	mustWrite(t, s, path, want[:6], want[6:])
	files := names(t, s)
	if len(files) < 4 {
		t.Fatalf("only %v", files)
	}
	for _, name := range files {
		whole, err := storetest.Get(s, name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			damaged := slices.Clone(whole)
			damaged[i] ^= 1 << (i % 8)
			put(t, s, name, damaged)
			wantDamage(t, s, name, fmt.Sprintf("byte %d of %d flipped", i, len(whole)), want)
			put(t, s, name, whole[:i])
			wantDamage(t, s, name, fmt.Sprintf("cut at %d of %d", i, len(whole)), want)
		}
		put(t, s, name, append(slices.Clone(whole), 0))
		wantDamage(t, s, name, "one byte more", want)
		if err := s.Delete(ctx, name); err != nil {
			t.Fatal(err)
		}
		wantDamage(t, s, name, "removed", want)
		put(t, s, name, whole)
	}
	if got, err := read(s, path, 0, 127); err != nil || !same(got, want) {
		t.Fatal("repaired:", got, err)
	}
}

func wantDamage(t *testing.T, s store.Store, name, what string, want []state.Entry) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		var corrupt *checkpoint.CorruptError
		if err == nil || !strings.Contains(err.Error(), name) || !errors.As(err, &corrupt) && !errors.Is(err, store.ErrNotExist) {
			t.Fatalf("%s, %s: error %v, want one that names the file", name, what, err)
		}
	}
	got, err := read(s, path, 0, 127)
	if check(err); len(got) > len(want) || !same(got, want[:len(got)]) {
		t.Fatalf("%s, %s: wrong entries came out", name, what)
	}
	if sp, err := snapshot.Open(ctx, s, path); err == nil {
		check(sp.Verify(ctx, nil))
	} else {
		check(err)
	}
}

// TestSwappedFiles: files that are whole, but not where they belong.
func TestSwappedFiles(t *testing.T) {
	s := memstore.Open("")
	mustWrite(t, s, path, numbered(5, 1), numbered(5, 2))
	files := names(t, s)
	a, _ := storetest.Get(s, files[0])
	put(t, s, files[1], a)
	_, err := read(s, path, 0, 127)
	var corrupt *checkpoint.CorruptError
	if !errors.As(err, &corrupt) || corrupt.File != files[1] {
		t.Errorf("error %v", err)
	}
}

// TestAllDamageIsNamed by Verify, not only the first.
func TestAllDamageIsNamed(t *testing.T) {
	s := memstore.Open("")
	mustWrite(t, s, path, numbered(5, 1), numbered(5, 2), numbered(5, 3))
	files := names(t, s)
	put(t, s, files[0], nil)
	if err := s.Delete(ctx, files[2]); err != nil {
		t.Fatal(err)
	}
	sp, err := snapshot.Open(ctx, s, path)
	if err != nil {
		t.Fatal(err)
	}
	var seen []int64
	err = sp.Verify(ctx, func(done, total int64) { seen = append(seen, done, total) })
	if err == nil || !strings.Contains(err.Error(), files[0]) || !strings.Contains(err.Error(), files[2]) || strings.Contains(err.Error(), files[1]) {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(seen, []int64{5, 15}) {
		t.Errorf("progress %v", seen)
	}
}

func TestNewerFormat(t *testing.T) {
	s := memstore.Open("")
	put(t, s, path+"/savepoint", snapshot.EncodeForTest(2, `{"format":2,"anything":[]}`))
	_, err := snapshot.Open(ctx, s, path)
	var version *checkpoint.VersionError
	if !errors.As(err, &version) || !strings.Contains(err.Error(), "newer version") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

// FuzzHeader: whatever the bytes, there is an error that names the file or a savepoint whose scan ends, and no panic.
func FuzzHeader(f *testing.F) {
	s := memstore.Open("")
	mustWrite(f, s, path, numbered(2, 1))
	whole, err := storetest.Get(s, path+"/savepoint")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add([]byte(`{"format":1,"maxParallelism":128,"colour":"blue"}`), true)
	f.Add([]byte(`{"format":1,"maxParallelism":128,"files":[{"name":"data-000000000000-0000-0000","first":1,"last":0}]}`), true)
	f.Add([]byte(`{"format":1,"maxParallelism":128,"files":[{"name":"../../data-000000000000-0000-0000"}]}`), true)
	f.Fuzz(func(t *testing.T, data []byte, body bool) {
		if body { // under a valid first line
			data = snapshot.EncodeForTest(1, string(data))
		}
		s := memstore.Open("")
		put(t, s, path+"/savepoint", data)
		if _, err := read(s, path, 0, 65535); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("error %v does not name the file", err)
		}
	})
}
