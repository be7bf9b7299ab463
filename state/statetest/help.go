package statetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
)

// key is the key of an entry of state 1.
func key(group uint16, record string) []byte { return state.AppendKey(nil, group, 1, []byte(record)) }

func set(group uint16, record, value string) state.Entry {
	return state.Entry{Key: key(group, record), Value: []byte(value)}
}

func del(group uint16, record string) state.Entry {
	return state.Entry{Key: key(group, record), Delete: true}
}

// batch sorts entries as Apply wants them.
func batch(entries ...state.Entry) []state.Entry {
	slices.SortFunc(entries, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return entries
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantGet(t *testing.T, b state.Backend, k []byte, want string) {
	t.Helper()
	v, ok, err := b.Get(k, nil)
	must(t, err)
	if !ok || string(v) != want {
		t.Fatalf("Get(%q) = %.40q, %v; want %.40q", k, v, ok, want)
	}
}

func wantAbsent(t *testing.T, b state.Backend, k []byte) {
	t.Helper()
	if v, ok, err := b.Get(k, nil); err != nil || ok {
		t.Fatalf("Get(%q) = %.40q, %v, %v; want nothing", k, v, ok, err)
	}
}

func wantMarker(t *testing.T, b state.Backend, want string) {
	t.Helper()
	if m, err := b.Marker(); err != nil || m != want {
		t.Fatalf("Marker = %q, %v; want %q", m, err, want)
	}
}

type scanner interface {
	Scan(lower, upper []byte, fn func(key, value []byte) bool) error
}

// dump is what a scan shows, one "key=value" each.
func dump(t testing.TB, s scanner, lower, upper []byte) []string {
	t.Helper()
	var all []string
	must(t, s.Scan(lower, upper, func(k, v []byte) bool {
		all = append(all, fmt.Sprintf("%x=%s", k, v))
		return true
	}))
	return all
}

func wantDump(t *testing.T, s scanner, want []state.Entry) {
	t.Helper()
	var lines []string
	for _, e := range want {
		lines = append(lines, fmt.Sprintf("%x=%s", e.Key, e.Value))
	}
	if got := dump(t, s, nil, nil); !slices.Equal(got, lines) {
		t.Fatalf("Scan shows\n%q\nwant\n%q", got, lines)
	}
}

// newRand is seeded anew for each run, and says how to repeat one.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	const name = "WEIR_TEST_SEED"
	seed, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: %s=%d go test -run '^%s$' .", name, seed, strings.ReplaceAll(t.Name(), "/", "$/^"))
	return rand.New(rand.NewPCG(seed, 0))
}

// source reads entries, a few at a time.
func source(entries []state.Entry) state.Blocks {
	return func() (block []state.Entry, err error) {
		n := min(3, len(entries))
		block, entries = entries[:n], entries[n:]
		return block, nil
	}
}
