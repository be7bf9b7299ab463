package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/configuration.md")

func TestPrintGolden(t *testing.T) {
	dir := t.TempDir()
	c, err := load(t, []string{"--log-level=debug"}, "WEIR_DATA_DIR="+dir, "WEIR_PARALLELISM=4", "WEIR_INPUT_TOPICS=a, b",
		"WEIR_KAFKA_SASL_USERNAME=me", "WEIR_KAFKA_SASL_PASSWORD=hidden", "WEIR_SINK_KAFKA_LINGER_MS=5")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/config.golden", strings.ReplaceAll(b.String(), dir, "/data"))
}

func TestUsageGolden(t *testing.T) {
	var b strings.Builder
	if err := Usage(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/usage.golden", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (go test ./config -update rewrites it); got:\n%s", file, got)
	}
}

// The table in docs/configuration.md is what the struct says.
func TestDocumentIsCurrent(t *testing.T) {
	const file, begin, end = "../docs/configuration.md", "-update` -->\n", "<!-- end of settings -->"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(doc), begin)
	old, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks the marks of the table", file)
	}
	table := settingsTable()
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table {
		t.Errorf("the table in %s is out of date: go test ./config -update rewrites it", file)
	}
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning | allowed |\n|---|---|---|---|\n")
	for _, s := range Specs() {
		value := s.defaultText()
		if s.Shown == "" && s.Default != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Env, value, s.Help, s.Allowed())
	}
	return b.String()
}
