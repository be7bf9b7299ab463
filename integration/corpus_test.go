//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// corpusSize is how much text is counted, and enough is what there must be at least.
const (
	corpusSize = 2 << 20
	enough     = 1 << 20
)

// corpus is text that the machine has: licences, and what comes with Go. Empty lines stay.
func corpus(t *testing.T) []byte {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	must(t, err)
	goroot := strings.TrimSpace(string(out))
	var text []byte
	for _, root := range []string{"/usr/share/common-licenses", goroot + "/LICENSE", goroot + "/doc", goroot + "/api"} {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || len(text) >= corpusSize {
				return nil // what is there counts
			}
			b, err := os.ReadFile(path)
			if err == nil {
				text = append(text, b...)
			}
			return nil
		})
	}
	if len(text) < enough {
		t.Fatalf("only %d bytes of text in /usr/share/common-licenses and %s (LICENSE, doc, api), %d are needed", len(text), goroot, enough)
	}
	return text
}

// independentCount counts with the tools that everybody trusts.
func independentCount(t *testing.T, text []byte) map[string]int {
	t.Helper()
	const pipe = `tr 'A-Z' 'a-z' | tr -cs 'a-z0-9_' '\n' | sed '/^$/d' | sort | uniq -c`
	cmd := exec.Command("sh", "-c", pipe)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", pipe, err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		n, err := strconv.Atoi(f[0])
		must(t, err)
		counts[f[1]] = n
	}
	return counts
}

// The word count of a real text is that of tr | sort | uniq -c.
func TestCorpus(t *testing.T) {
	t.Parallel()
	text := corpus(t)
	want := independentCount(t, text)
	total := 0
	for _, n := range want {
		total += n
	}
	t.Logf("%d bytes, %d words, %d different ones on %s", len(text), total, len(want), runtime.GOOS)
	lines := strings.Split(string(text), "\n")
	for _, g := range guarantees {
		for _, partitions := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s/%d", g, partitions), func(t *testing.T) {
				t.Parallel()
				w := newWordCount(t, sharedCluster(t), newRand(t), partitions, g)
				must(t, w.write(t.Context(), lines))
				p := w.run()
				w.out.await(total, patience, p)
				p.stop()
				w.out.verdict(want)
			})
		}
	}
}
