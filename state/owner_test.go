package state_test

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// Bytes are copied at Set, so a task may set what lies in a buffer that the next record overwrites.
func TestBytesAreCopied(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	v, err := state.NewValue(s, "op", "v", state.Bytes{})
	must(t, err)
	l, err := state.NewList(s, "op", "l", state.Bytes{})
	must(t, err)
	m, err := state.NewMap(s, "op", "m", state.Bytes{}, state.Bytes{})
	must(t, err)
	setKey(s, "k")
	buf := []byte("first")
	must(t, v.Set(buf))
	must(t, l.Add(buf))
	must(t, l.Set([][]byte{buf, buf}))
	must(t, m.Put(buf, buf))
	borrowed, _, err := v.Get()
	must(t, err)
	copy(buf, "XXXXX")
	must(t, v.Set([]byte("other")))
	if string(borrowed) != "first" {
		t.Errorf("what Get lent has changed to %q", borrowed)
	}
	for _, e := range seal(t, s, 1) {
		if bytes.Contains(e.Value, []byte("XXXXX")) || bytes.Contains(e.Key, []byte("XXXXX")) {
			t.Errorf("the caller's buffer shows in %q=%q", e.Key, e.Value)
		}
	}
}

// Get, change in place, Set: what is sealed is the value as it was set, and the sealed entries don't change with it afterwards.
func TestChangeInPlace(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	j, err := state.NewValue(s, "op", "json", state.JSON[*order]{})
	must(t, err)
	p, err := state.NewValue(s, "op", "proto", state.Proto[*wrapperspb.Int64Value]{})
	must(t, err)
	var epochs [][]state.Entry
	var kept [][][]byte
	for i := range 4 {
		setKey(s, "k")
		o, ok, err := j.Get()
		must(t, err)
		if !ok {
			o = &order{}
		}
		o.Count++
		must(t, j.Set(o))
		n, ok, err := p.Get()
		must(t, err)
		if !ok {
			n = &wrapperspb.Int64Value{}
		}
		n.Value++
		must(t, p.Set(n))
		if o.Count != i+1 || n.Value != int64(i+1) {
			t.Fatalf("round %d: %d, %d", i, o.Count, n.Value)
		}
		entries := seal(t, s, uint64(i+1))
		if len(entries) != 2 {
			t.Fatalf("%d entries", len(entries))
		}
		epochs = append(epochs, entries)
		kept = append(kept, [][]byte{bytes.Clone(entries[0].Value), bytes.Clone(entries[1].Value)})
	}
	for i, entries := range epochs {
		for j := range entries {
			if !bytes.Equal(entries[j].Value, kept[i][j]) {
				t.Errorf("epoch %d, entry %d has changed from %q to %q", i, j, kept[i][j], entries[j].Value)
			}
			// Nor may appending to one entry reach into the next.
			_ = append(entries[j].Key, "XXXXXXXXXX"...)
			_ = append(entries[j].Value, "XXXXXXXXXX"...)
		}
		if !bytes.Equal(entries[1].Value, kept[i][1]) {
			t.Errorf("epoch %d: appending to one entry changed another", i)
		}
	}
}

// What List.Get lent stays as it was, through all that happens to the list.
func TestListIsNotSharedForWriting(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	l, err := state.NewList(s, "op", "l", state.Int64{})
	must(t, err)
	setKey(s, "k")
	mine := []int64{1, 2, 3}
	must(t, l.Set(mine))
	mine[0] = 99
	lent, err := l.Get()
	must(t, err)
	_ = append(lent, 77)
	must(t, l.Add(4))
	now, err := l.Get()
	must(t, err)
	must(t, l.Set([]int64{9, 9, 9, 9, 9}))
	if !slices.Equal(lent, []int64{1, 2, 3}) || !slices.Equal(now, []int64{1, 2, 3, 4}) {
		t.Errorf("lent %v, then %v", lent, now)
	}
}

// Reduce may fold into its first argument.
func TestReduceInPlace(t *testing.T) {
	s := newStore(t, memory.New(), state.Options{})
	r, err := state.NewReducing(s, "op", "r", state.JSON[map[string]int]{}, func(acc, in map[string]int) map[string]int {
		for k, n := range in {
			acc[k] += n
		}
		return acc
	})
	must(t, err)
	setKey(s, "k")
	for range 3 {
		_, err := r.Add(map[string]int{"a": 1})
		must(t, err)
	}
	if e := seal(t, s, 1); len(e) != 1 || string(e[0].Value) != `{"a":3}` {
		t.Errorf("%d entries: %q", len(e), e[0].Value)
	}
}
