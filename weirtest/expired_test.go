package weirtest

import (
	"strings"
	"testing"
)

// What has expired by the later clock of two runs may be in one of them only; what has not may not.
func TestCompareExpired(t *testing.T) {
	until := func(end int64) func(int64) bool { return func(clock int64) bool { return clock >= end } }
	run := func(clock int64, entries ...entry) outcome { return outcome{clock: clock, entries: entries} }
	value := entry{label: "a", shown: "1", expired: until(10)}
	first, second := entry{label: "l", shown: "1", element: true, expired: until(10)}, entry{label: "l", shown: "2", element: true, expired: until(100)}
	for name, c := range map[string]struct {
		want, got outcome
		verdict   string
	}{
		"removed":              {run(5, value), run(12), ""},
		"not removed yet":      {run(12), run(5, value), ""},
		"lost":                 {run(5, value), run(9), "committed a differs"},
		"another value":        {run(5, value), run(9, entry{label: "a", shown: "2", expired: until(10)}), "committed a differs"},
		"lives for ever":       {run(5, entry{label: "a", shown: "1"}), run(12), "committed a differs"},
		"element removed":      {run(5, first, second), run(12, second), ""},
		"element lost":         {run(5, first, second), run(9, second), "committed l, element 1 differs"},
		"element lost at last": {run(5, first, second), run(9, first), "committed l, element 2 differs"},
	} {
		if verdict := differs(c.want, c.got, false); (verdict == "") != (c.verdict == "") || !strings.Contains(verdict, c.verdict) {
			t.Errorf("%s: %q, expected %q", name, verdict, c.verdict)
		}
	}
}
