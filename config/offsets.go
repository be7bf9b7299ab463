package config

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/stream"
)

func parseSavepoint(_ Spec, text string) (any, error) {
	if _, _, err := snapshot.Locate(text); err != nil {
		return nil, err
	}
	return text, nil
}

// parseOffsets checks the form only: a file is read when the job starts from the savepoint, and need not be there later.
func parseOffsets(_ Spec, text string) (any, error) {
	if name, ok := strings.CutPrefix(text, "file:"); ok && name != "" {
		return text, nil
	}
	if _, err := offsets(text); err != nil {
		return nil, errUnwanted
	}
	return text, nil
}

// Offsets is where sources begin with WEIR_RESTORE_FROM, read from a file if the setting names one; nil: where the savepoint stands.
func (c *Config) Offsets() func() (stream.Start, error) {
	if c.RestoreOffsets == "" {
		return nil
	}
	return func() (stream.Start, error) { return offsets(c.RestoreOffsets) }
}

func offsets(text string) (stream.Start, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "earliest":
		return stream.Earliest(), nil
	case text == "latest":
		return stream.Latest(), nil
	case kind == "timestamp":
		if ms, err := strconv.ParseInt(rest, 10, 64); err == nil && ms >= 0 {
			return stream.Timestamp(time.UnixMilli(ms)), nil
		}
		t, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			return stream.Start{}, fmt.Errorf("%q is neither a time such as 2026-01-31T12:00:00Z nor a number of milliseconds", rest)
		}
		return stream.Timestamp(t), nil
	case kind == "file":
		return offsetsFile(rest)
	}
	return stream.Start{}, fmt.Errorf("%q: expected earliest, latest, timestamp:… or file:…", text)
}

// offsetsFile reads lines topic:partition=offset; empty ones and those that begin with # say nothing.
func offsetsFile(name string) (stream.Start, error) {
	b, err := os.ReadFile(name) //nolint:gosec // the user names it
	if err != nil {
		return stream.Start{}, err
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, ",")
	if !strings.Contains(text, "=") {
		return stream.Start{}, fmt.Errorf("file %s: it holds %.80q; expected lines topic:partition=offset", name, text)
	}
	s, err := stream.ParseStart(text)
	if err != nil {
		return stream.Start{}, fmt.Errorf("file %s: %w", name, err)
	}
	return s, nil
}
