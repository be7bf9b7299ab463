package statetool

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?s)```(sh|text)\n(.*?)```")

// TestDocs runs what docs/state-tools.md tells people to run, and compares what it shows.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/state-tools.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\nshift\nWEIR_STATETOOL_TEST_RUN=1 exec '" + os.Args[0] + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "processor"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	got := ""
	blocks := block.FindAllStringSubmatch(string(page), -1)
	for _, b := range blocks {
		if b[1] == "text" {
			if got != b[2] {
				t.Errorf("got\n%s\nwant\n%s", got, b[2])
			}
			continue
		}
		cmd := exec.Command("bash", "-euc", b[2])
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SP=file://"+dir+"/savepoint")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s\n%v", b[2], err)
		}
		got = string(out)
	}
	if n := strings.Count(string(page), "```sh"); n < 5 || len(blocks) != 2*n {
		t.Errorf("%d commands and %d blocks in all: each has its output", n, len(blocks))
	}
}
