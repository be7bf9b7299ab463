//go:build bench && linux

package bench

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// knob names the variables that narrow or shorten a run: with one of them set, docs/benchmarks.md stays as it is.
var knob = []string{"ONLY", "RECORDS", "ROUNDS", "SECONDS", "MINUTES", "KEYS", "WINDOW", "PROCESSORS", "PROFILE", "BARE"}

func env(name string) string { return os.Getenv("BENCH_" + name) }

func number(t testing.TB, name string, byDefault int) int {
	t.Helper()
	s := env(name)
	if s == "" {
		return byDefault
	}
	n, err := strconv.Atoi(strings.ReplaceAll(strings.ReplaceAll(s, "_", ""), ",", ""))
	if err != nil || n < 1 {
		t.Fatalf("BENCH_%s=%q: want a number above 0", name, s)
	}
	return n
}

// wanted says whether BENCH_ONLY names a row or a group of rows that begins like it.
func wanted(row string) bool {
	if env("ONLY") == "" {
		return true
	}
	for only := range strings.SplitSeq(env("ONLY"), ",") {
		if only = strings.TrimSpace(only); row == only || strings.HasPrefix(row, only+"-") {
			return true
		}
	}
	return false
}

// publishes says whether results go into docs/benchmarks.md.
func publishes() bool {
	if s := env("WRITE"); s != "" {
		return s != "false" && s != "0"
	}
	for _, k := range knob {
		if env(k) != "" {
			return false
		}
	}
	return len(settings()) == 0
}

// settings are the WEIR_ variables that are handed on.
func settings() (all []string) {
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "WEIR_") {
			all = append(all, kv)
		}
	}
	return all
}

// interval is the end of a row's name: copy-100ms.
func interval(t testing.TB, row string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(row[strings.LastIndexByte(row, '-')+1:])
	must(t, err)
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
