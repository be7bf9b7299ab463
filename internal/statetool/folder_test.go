package statetool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The folder that an import chooses itself is nobody else's: neither does it take what others have put in its place, nor can they read what it leaves.
func TestOwnFolder(t *testing.T) {
	for name, c := range map[string]struct {
		there func(dir string) error
		user  int
		taken bool
	}{
		"none":        {func(string) error { return nil }, os.Getuid(), true},
		"ours":        {func(dir string) error { return os.Mkdir(dir, 0o700) }, os.Getuid(), true},
		"another's":   {func(dir string) error { return os.Mkdir(dir, 0o700) }, os.Getuid() + 1, false},
		"for others":  {func(dir string) error { return os.Mkdir(dir, 0o750) }, os.Getuid(), false},
		"a file":      {func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, os.Getuid(), false},
		"a link":      {func(dir string) error { return os.Symlink(t.TempDir(), dir) }, os.Getuid(), false},
		"no place":    {func(dir string) error { return os.Remove(filepath.Dir(dir)) }, os.Getuid(), false},
		"left behind": {func(dir string) error { return ownFolder(dir, os.Getuid()) }, os.Getuid(), true},
	} {
		dir := filepath.Join(t.TempDir(), "tmp", "weir-state-0")
		if err := os.Mkdir(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := c.there(dir); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err := ownFolder(dir, c.user)
		if c.taken != (err == nil) || err != nil && !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(dir); c.taken && (err != nil || info.Mode().Perm() != 0o700) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// An import that fails on the way leaves its folder for the next attempt; one that fails before, or comes to its end, leaves none.
func TestImportChoosesItsFolder(t *testing.T) {
	tmp, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	rows := file(t, "rows.json", strings.Repeat(`{"key":"a","value":1}`+"\n", 2*markEvery)+"{\n")
	one := []string{"--uid", "count", "--name", "sum", "--value-codec", "int64-be"}
	left := func() []string {
		found, err := filepath.Glob(filepath.Join(tmp, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	command := append([]string{"import", rows, "--to", "file://" + dir + "/sp"}, one...)
	if code, _, errs := try(command...); code != 1 || len(left()) != 1 {
		t.Fatalf("exit code %d, %q is left: %s", code, left(), errs)
	}
	work := left()[0]
	if err := os.Chmod(work, 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := try(command...); code != 1 || !strings.Contains(errs, work) || !strings.Contains(errs, "--work") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if err := os.RemoveAll(work); err != nil {
		t.Fatal(err)
	}
	rows = file(t, "rows.json", `{"key":"a","value":1}`+"\n")
	for range 2 { // the second finds a savepoint in its place
		try(append([]string{"import", rows, "--to", "file://" + dir + "/sp"}, one...)...)
		if len(left()) != 0 {
			t.Errorf("%q is left", left())
		}
	}
}
