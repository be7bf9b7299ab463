package snapshot_test

import (
	"errors"
	"os"
	"testing"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/checkpoint/store"
)

func TestLocate(t *testing.T) {
	for url, want := range map[string][2]string{
		"file:///data/checkpoints/job/savepoint/a":  {"file:///data/checkpoints/job/savepoint", "a"},
		"file:///data/a/":                           {"file:///data", "a"},
		"file:///a":                                 {"file:///", "a"},
		"file://./a":                                {"file://.", "a"},
		"mem://x/job/savepoint/a":                   {"mem://x", "job/savepoint/a"},
		"s3://bucket/prefix/a?region=x&endpoint=y/": {"s3://bucket/prefix?region=x&endpoint=y/", "a"},
	} {
		if s, path, err := snapshot.Locate(url); s != want[0] || path != want[1] || err != nil {
			t.Errorf("%s: %q, %q, %v", url, s, path, err)
		}
	}
	for _, url := range []string{"", "a", "file://a", "mem://x", "s3://bucket", "file:///a b", "file:///x/.."} {
		if s, path, err := snapshot.Locate(url); err == nil {
			t.Errorf("%s: %q, %q", url, s, path)
		}
	}
}

// TestURLs: a savepoint goes through a folder; and who only reads creates nothing.
func TestURLs(t *testing.T) {
	dir := t.TempDir()
	url := "file://" + dir + "/new/folder/a"
	if _, err := snapshot.OpenURL(ctx, url); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Errorf("reading left %v, %v", left, err)
	}
	w, err := snapshot.CreateURL(ctx, url, header())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fill(w, numbered(100, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := snapshot.CreateURL(ctx, url, header()); !errors.Is(err, snapshot.ErrExist) {
		t.Errorf("error %v", err)
	}
	sp, err := snapshot.OpenURL(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sp.Verify(ctx, nil), sp.Close()); err != nil || sp.URL() != url {
		t.Error(sp.URL(), err)
	}
}
