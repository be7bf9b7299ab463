package layers

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/weirstream/weir"

// layers from the bottom up, by folder. A package may import those below its own layer and those of its own folder's tree.
var layers = [][]string{
	{"internal/diskfull", "internal/minheap"},
	{"internal/failpoint", "internal/nearest", "metrics", "twophase", "txn", "state"},
	{"checkpoint", "txn/confluent", "txn/memtxn", "txn/txntest"},
	{"operators"},
	{"stream"},
	{"runtime", "jobs"},
	{"weirtest", "savepoint"},
	{"config", "console"},
	{"demo", "internal/statetool"},
	{"internal/cli"},
	{".", "cmd"},
}

// pure packages must not depend on these; a name that ends in a slash stands for all below it. For the standard library only direct
// imports count: what it needs itself is its own business.
var pure = map[string][]string{
	"twophase":  {"github.com/", "time", "os", "net", "sync", "context", "io"},
	"operators": {"github.com/confluentinc/", "github.com/twmb/", "github.com/cockroachdb/pebble/v2"},
	"stream":    {"github.com/confluentinc/", "github.com/twmb/", "github.com/cockroachdb/pebble/v2"},
	"runtime":   {"github.com/confluentinc/", "github.com/twmb/", "github.com/cockroachdb/pebble/v2"},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportsPointDownwards(t *testing.T) {
	for _, p := range list(t) {
		from := level(p.ImportPath)
		for _, imp := range p.Imports {
			if to := level(imp); from >= 0 && to >= 0 && to >= from && tree(imp) != tree(p.ImportPath) {
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, imp)
			}
		}
	}
}

func TestPurePackages(t *testing.T) {
	for _, p := range list(t) {
		for _, banned := range pure[strings.TrimPrefix(p.ImportPath, module+"/")] {
			deps := p.Deps
			if !strings.Contains(banned, ".") {
				deps = p.Imports
			}
			for _, d := range deps {
				if d == banned || strings.HasSuffix(banned, "/") && strings.HasPrefix(d, banned) && !strings.HasPrefix(d, module) {
					t.Errorf("%s depends on %s", p.ImportPath, d)
				}
			}
		}
	}
}

// level is the layer of a package, -1 for others' and for tools and tests.
func level(path string) int {
	folder := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	if path == module {
		folder = "."
	} else if !strings.HasPrefix(path, module+"/") {
		return -1
	}
	best, at := -1, -1
	for i, names := range layers {
		for _, n := range names {
			if (folder == n || strings.HasPrefix(folder, n+"/")) && len(n) > best {
				best, at = len(n), i
			}
		}
	}
	return at
}

// tree is the top folder of a package.
func tree(path string) string {
	top, _, _ := strings.Cut(strings.TrimPrefix(path, module+"/"), "/")
	return top
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", module+"/...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}
