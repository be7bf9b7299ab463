package statetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/state"
)

func testEmpty(t *testing.T, b state.Backend) {
	wantAbsent(t, b, key(0, "a"))
	wantDump(t, b, nil)
	wantMarker(t, b, "")
	must(t, b.Flush())
}

func testApplyAndGet(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(1, "a", "1"), set(2, "a", "2")), "m1"))
	must(t, b.Apply(batch(set(1, "a", "3"), set(1, "b", "4")), "m2"))
	wantGet(t, b, key(1, "a"), "3")
	wantGet(t, b, key(2, "a"), "2")
	wantGet(t, b, key(1, "b"), "4")
	wantAbsent(t, b, key(2, "b"))
}

func testOrder(t *testing.T, b state.Backend) {
	all := batch(set(0, "", "empty"), set(0, "b", "1"), set(0, "aa", "2"), set(0, "\x00", "3"), set(0, "\xff\xff", "4"),
		set(1, "a", "5"), set(127, "a", "6"), set(256, "a", "7"), set(state.MaxParallelismLimit-1, "\xff", "8"))
	for i := len(all) - 1; i >= 0; i-- {
		must(t, b.Apply(all[i:i+1], "m"))
	}
	wantDump(t, b, all)
}

func testScanBounds(t *testing.T, b state.Backend) {
	var all []state.Entry
	for g := range uint16(10) {
		all = append(all, set(g, "k", fmt.Sprint(g)))
	}
	must(t, b.Apply(all, "m"))
	for _, c := range []struct{ from, to uint16 }{{0, 10}, {0, 0}, {3, 4}, {2, 9}, {5, 200}, {11, 12}} {
		lower, upper := state.GroupBounds(c.from, c.to)
		want := max(0, min(int(c.to), 10)-int(c.from))
		if got := dump(t, b, lower, upper); len(got) != want {
			t.Errorf("groups %d to %d: %d entries, want %d", c.from, c.to, len(got), want)
		}
	}
	// The lower bound belongs to the range, the upper one doesn't.
	if got := dump(t, b, all[2].Key, all[4].Key); len(got) != 2 {
		t.Errorf("from entry 2 to 4: %q", got)
	}
	if got := dump(t, b, all[8].Key, nil); len(got) != 2 {
		t.Errorf("from entry 8 on: %q", got)
	}
}

func testScanStops(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", ""), set(0, "b", ""), set(0, "c", "")), "m"))
	n := 0
	must(t, b.Scan(nil, nil, func(_, _ []byte) bool { n++; return n < 2 }))
	if n != 2 {
		t.Errorf("fn was called %d times after it said stop at 2", n)
	}
}

func testDeletes(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "1"), set(0, "b", "2")), "m1"))
	must(t, b.Apply(batch(del(0, "a"), del(0, "never"), set(0, "c", "3")), "m2"))
	wantAbsent(t, b, key(0, "a"))
	wantDump(t, b, batch(set(0, "b", "2"), set(0, "c", "3")))
	must(t, b.Apply(batch(set(0, "a", "again")), "m3"))
	wantGet(t, b, key(0, "a"), "again")
}

func testEmptyKeysAndValues(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(state.Entry{Key: []byte{}, Value: []byte("no key")}, set(0, "", "no record key"), set(0, "nil", "")), "m"))
	wantGet(t, b, nil, "no key")
	wantGet(t, b, key(0, ""), "no record key")
	wantGet(t, b, key(0, "nil"), "")
	if got := dump(t, b, nil, nil); len(got) != 3 {
		t.Errorf("scan shows %q", got)
	}
}

func testBigValues(t *testing.T, b state.Backend) {
	long := strings.Repeat("k", 100_000)
	big := strings.Repeat("0123456789abcdef", 3<<20/16)
	must(t, b.Apply(batch(set(0, "big", big), set(0, long, "long")), "m1"))
	// Together larger than any memtable.
	var many []state.Entry
	for i := range 8 {
		many = append(many, set(1, fmt.Sprint(i), big))
	}
	must(t, b.Apply(batch(many...), "m2"))
	wantGet(t, b, key(0, "big"), big)
	wantGet(t, b, key(0, long), "long")
	for i := range 8 {
		wantGet(t, b, key(1, fmt.Sprint(i)), big)
	}
	wantMarker(t, b, "m2")
}

func testEntriesAreCopied(t *testing.T, b state.Backend) {
	e := batch(set(0, "a", "value"))
	must(t, b.Apply(e, "m"))
	copy(e[0].Value, "xxxxx")
	e[0].Key[len(e[0].Key)-1] = 'x'
	wantGet(t, b, key(0, "a"), "value")
	e = batch(set(0, "b", "value"))
	must(t, b.Load(source(e), "m"))
	copy(e[0].Value, "xxxxx")
	wantGet(t, b, key(0, "b"), "value")
}

func testGetAppends(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "value")), "m"))
	dst := append(make([]byte, 0, 64), "before:"...)
	v, ok, err := b.Get(key(0, "a"), dst)
	if err != nil || !ok || !bytes.Equal(v, []byte("before:value")) {
		t.Fatalf("Get = %q, %v, %v", v, ok, err)
	}
	// What was returned belongs to the caller.
	copy(v[len("before:"):], "xxxxx")
	wantGet(t, b, key(0, "a"), "value")
}

func testGetInsideScan(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "1"), set(0, "b", "2")), "m"))
	n := 0
	must(t, b.Scan(nil, nil, func(k, v []byte) bool {
		n++
		wantGet(t, b, bytes.Clone(k), string(v))
		return true
	}))
	if n != 2 {
		t.Errorf("%d entries", n)
	}
}

func testMarker(t *testing.T, b state.Backend) {
	must(t, b.Apply(batch(set(0, "a", "1")), "m1"))
	wantMarker(t, b, "m1")
	must(t, b.Apply(nil, "run-7/m2"))
	wantMarker(t, b, "run-7/m2")
	wantDump(t, b, batch(set(0, "a", "1")))
}

func testSize(t *testing.T, b state.Backend) {
	before := b.Size()
	must(t, b.Apply(batch(set(0, "a", strings.Repeat("v", 1<<20))), "m"))
	must(t, b.Flush())
	if after := b.Size(); after <= before || after > before+64<<20 {
		t.Errorf("a megabyte took the size from %d to %d", before, after)
	}
}
