package statetool

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file of --output is replaced by a whole one, or stays: a scan that is refused, or that finds damage on its way, leaves what stood there.
func TestOutputWholeOrNot(t *testing.T) {
	_, url := kinds(t)
	for name, c := range map[string]struct {
		damage bool
		args   []string
		want   string
	}{
		"refused":   {false, []string{"--format", "parquet"}, "a file has one state"},
		"no state":  {false, []string{"--uid", "nope"}, "has no state"},
		"no column": {false, []string{"--key", "EUR", "--name", "rates"}, "broadcast"},
		"damaged":   {true, []string{"--format", "parquet", "--name", "sum"}, "sp/data-"},
		"all":       {false, nil, ""},
	} {
		if c.damage {
			damage(t, url)
		}
		to := filepath.Join(t.TempDir(), "rows")
		if err := os.WriteFile(to, []byte("what stood there\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := try(append([]string{"scan", url, "--output", to}, c.args...)...)
		b, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		switch whole := c.want == ""; {
		case whole && (code != 0 || len(lines(string(b))) != 5):
			t.Errorf("%s: exit code %d, %s, %q", name, code, errs, b)
		case !whole && (code != 1 || !strings.Contains(errs, c.want) || string(b) != "what stood there\n"):
			t.Errorf("%s: exit code %d, %s, %q", name, code, errs, b)
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(to), "*")); err != nil || !slices.Equal(left, []string{to}) {
			t.Errorf("%s: %q is left, %v", name, left, err)
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v: others may read it now", name, info, err)
		}
		if c.damage {
			damage(t, url)
		}
	}
}

// damage flips a bit in the last part of the savepoint's entries, and back.
func damage(t *testing.T, url string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(strings.TrimPrefix(url, "file://"), "data-*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%q, %v", files, err)
	}
	b, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(files[len(files)-1], b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A device or a pipe is written to, and not replaced; a link stays one.
func TestOutputNotAFile(t *testing.T) {
	_, url := kinds(t)
	must(t, "scan", url, "--output", os.DevNull)
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("%v, %v", info, err)
	}
	dir := t.TempDir()
	link, to := filepath.Join(dir, "link"), filepath.Join(dir, "rows")
	if err := os.WriteFile(to, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, link); err != nil {
		t.Fatal(err)
	}
	must(t, "scan", url, "--output", link)
	if b, err := os.ReadFile(to); err != nil || len(lines(string(b))) != 5 {
		t.Errorf("got %q, %v", b, err)
	}
}
