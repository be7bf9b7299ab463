package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOffsets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "offsets")
	for text, want := range map[string]string{
		"earliest": "earliest", "latest": "latest",
		"timestamp:2026-01-31T12:00:00Z": "2026-01-31T12:00:00Z", "timestamp:1000": "1970-01-01T00:00:01Z",
		"file:" + file: "a:0=5,b:12=0",
	} {
		if err := os.WriteFile(file, []byte("# by hand\n\na:0=5\n  b:12=0  \n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Config{RestoreOffsets: text}
		if s, err := c.Offsets()(); err != nil || s.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, s, err, want)
		}
	}
	for content, want := range map[string]string{"": "expected lines topic:partition=offset", "earliest": "expected lines", "a:0": "expected lines", "a:x=1": "want earliest", "a:0=1\na:0=2": "there twice"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Config{RestoreOffsets: "file:" + file}
		if _, err := c.Offsets()(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if (&Config{}).Offsets() != nil {
		t.Error("nothing is set")
	}
}

func TestAllowDroppedState(t *testing.T) {
	for text, want := range map[string][]string{"true": {"true"}, "false": nil, "classify_data, count/total": {"classify_data", "count/total"}} {
		c, err := Load(Input{Args: []string{"--from=file:///a/b", "--allow-dropped-state", text}, Env: []string{"WEIR_JOB=copy", "WEIR_DATA_DIR=" + t.TempDir()}, Jobs: []string{"copy"}})
		if err != nil || !slices.Equal(c.DroppedState(), want) {
			t.Errorf("%s: %q, %v", text, c.DroppedState(), err)
		}
	}
}

// A flag has a short name where people type it, and a switch needs no value.
func TestRestoreFlags(t *testing.T) {
	c, err := Load(Input{
		Args: []string{"--from", "file:///a/b", "--allow-dropped-state", "--offsets=latest"}, Env: []string{"WEIR_JOB=copy", "WEIR_DATA_DIR=" + t.TempDir()},
		Jobs: []string{"copy"},
	})
	if err != nil || c.RestoreFrom != "file:///a/b" || c.AllowDroppedState != "true" || c.RestoreOffsets != "latest" {
		t.Errorf("%+v, %v", c, err)
	}
}
