// Package storetest is the conformance suite of checkpoint stores, and a wrapper that makes a store fail.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint/store"
)

// Trait is what a store does not share with others.
type Trait uint8

// OtherSizes is the trait of a store in which blobs take up more or less than what was put into them, and listings say so.
const OtherSizes Trait = 1

// Run holds a store to what package store promises. open returns an empty store, another one at every call; it is closed here.
func Run(t *testing.T, open func(t *testing.T) store.Store, traits ...Trait) {
	tests := []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"put and get", func(t *testing.T, s store.Store) { putAndGet(t, s, slices.Contains(traits, OtherSizes)) }},
		{"missing", missing},
		{"replace", replace},
		{"list", list},
		{"delete", deleting},
		{"names", names},
		{"failed write", failedWrite},
		{"cancelled", cancelled},
		{"concurrent puts of one name", concurrentSame},
		{"concurrent puts, lists and deletes", concurrentMix},
		{"unseen until written", unseen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			test.run(t, s)
		})
	}
}

// Put stores data under name.
func Put(s store.Store, name string, data []byte) error {
	return s.Put(context.Background(), name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Get returns what is stored under name.
func Get(s store.Store, name string) ([]byte, error) {
	rc, err := s.Get(context.Background(), name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(rc)
	return data, errors.Join(err, rc.Close())
}

func mustPut(t *testing.T, s store.Store, name, data string) {
	t.Helper()
	if err := Put(s, name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func wantGet(t *testing.T, s store.Store, name, want string) {
	t.Helper()
	got, err := Get(s, name)
	if err != nil || string(got) != want {
		t.Fatalf("get %s: %.60q, %v; want %.60q", name, got, err, want)
	}
}

func wantMissing(t *testing.T, s store.Store, name string) {
	t.Helper()
	if _, err := Get(s, name); !errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), name) {
		t.Fatalf("get %s: error %v; want one that wraps ErrNotExist and names the blob", name, err)
	}
}

func wantList(t *testing.T, s store.Store, prefix string, want ...string) {
	t.Helper()
	infos, err := s.List(context.Background(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range infos {
		got = append(got, info.Name)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("list %q: %q, want %q", prefix, got, want)
	}
}

func putAndGet(t *testing.T, s store.Store, otherSizes bool) {
	if s.URL() == "" {
		t.Error("no URL")
	}
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for name, data := range map[string]string{"empty": "", "one": "1", "deep/er/and/deeper": "x", "large": large} {
		mustPut(t, s, name, data)
		wantGet(t, s, name, data)
	}
	infos, err := s.List(context.Background(), "large")
	if err != nil || len(infos) != 1 || infos[0].Size != int64(len(large)) && !otherSizes || infos[0].Size < 1 || infos[0].ModTime.IsZero() {
		t.Errorf("list: %v, %v; want one of %d bytes with a time", infos, err, len(large))
	}
}

func missing(t *testing.T, s store.Store) {
	wantMissing(t, s, "nothing")
	wantMissing(t, s, "no/thing")
	mustPut(t, s, "a/b/c", "x")
	wantMissing(t, s, "a/b") // a folder is no blob
	wantMissing(t, s, "a/b/c2")
	wantList(t, s, "nothing")
	wantList(t, s, "no/thing/")
}

func replace(t *testing.T, s store.Store) {
	mustPut(t, s, "x", "a longer one")
	old, err := s.Get(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "x", "short")
	wantGet(t, s, "x", "short")
	// Who reads the old one sees the old one, or an error; never a mixture.
	data, err := io.ReadAll(old)
	if err == nil && string(data) != "a longer one" {
		t.Errorf("reader of the replaced blob got %q", data)
	}
	_ = old.Close() // may fail like the read
	wantList(t, s, "", "x")
}

func list(t *testing.T, s store.Store) {
	for _, name := range []string{"job/m/2", "job/m/1", "job/d/1", "job2/m/1", "job/latest", "a"} {
		mustPut(t, s, name, name)
	}
	wantList(t, s, "", "a", "job/d/1", "job/latest", "job/m/1", "job/m/2", "job2/m/1")
	wantList(t, s, "job/", "job/d/1", "job/latest", "job/m/1", "job/m/2")
	wantList(t, s, "job", "job/d/1", "job/latest", "job/m/1", "job/m/2", "job2/m/1")
	wantList(t, s, "job/m/", "job/m/1", "job/m/2")
	wantList(t, s, "job/m/1", "job/m/1")
	wantList(t, s, "job/l", "job/latest")
}

func deleting(t *testing.T, s store.Store) {
	for _, name := range []string{"f/1", "f/2", "f/3"} {
		mustPut(t, s, name, "x")
	}
	ctx := context.Background()
	if err := s.Delete(ctx, "f/1", "f/none", "g/none", "f/3"); err != nil {
		t.Fatal(err)
	}
	wantList(t, s, "", "f/2")
	wantMissing(t, s, "f/1")
	if err := s.Delete(ctx, "f/1"); err != nil {
		t.Errorf("second delete: %v", err)
	}
	if err := s.Delete(ctx); err != nil {
		t.Errorf("delete of nothing: %v", err)
	}
	mustPut(t, s, "f/1", "again")
	wantGet(t, s, "f/1", "again")
}

func names(t *testing.T, s store.Store) {
	good := []string{"A.b_c-9", "a/b.c/d", strings.Repeat("n", 200), strings.Repeat("d/", 100) + "e"}
	for _, name := range good {
		mustPut(t, s, name, name)
		wantGet(t, s, name, name)
	}
	bad := []string{"", "/a", "a/", "a//b", "../a", "a/../b", ".tmp/x", "a/.b", "a b", "a\\b", "a\x00b", "ä", strings.Repeat("n/", 300) + "n"}
	for _, name := range bad {
		if err := Put(s, name, nil); err == nil {
			t.Errorf("put %.40q succeeded", name)
		}
	}
	infos, err := s.List(context.Background(), "")
	if err != nil || len(infos) != len(good) {
		t.Errorf("list: %v, %v; want %d blobs", infos, err, len(good))
	}
}

func failedWrite(t *testing.T, s store.Store) {
	mustPut(t, s, "x", "old")
	mine := errors.New("mine")
	for _, name := range []string{"x", "new/y"} {
		err := s.Put(context.Background(), name, func(w io.Writer) error {
			if _, err := w.Write(bytes.Repeat([]byte("torn"), 100_000)); err != nil {
				return err
			}
			return mine
		})
		if !errors.Is(err, mine) || !strings.Contains(err.Error(), name) {
			t.Errorf("put %s: error %v; want one that wraps the writer's and names the blob", name, err)
		}
	}
	wantGet(t, s, "x", "old")
	wantMissing(t, s, "new/y")
	wantList(t, s, "", "x")
}
