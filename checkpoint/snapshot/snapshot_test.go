package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// TestRoundTripRapid: what goes in comes out, whatever the parts, the files and the range that is asked for.
func TestRoundTripRapid(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		snapshot.FileSizeForTest(t, rapid.Int64Range(1, 5000).Draw(r, "file size"))
		values := rapid.MapOfN(
			rapid.Custom(func(r *rapid.T) string {
				key := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "key")
				return string(state.AppendKey(nil, rapid.Uint16Range(0, 127).Draw(r, "group"), 1, key))
			}), rapid.SliceOfN(rapid.Byte(), 0, 300), 0, 60).Draw(r, "entries")
		all := make([]state.Entry, 0, len(values))
		for key, value := range values {
			all = append(all, state.Entry{Key: []byte(key), Value: value})
		}
		slices.SortFunc(all, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
		var parts [][]state.Entry
		for rest := all; ; {
			n := rapid.IntRange(0, len(rest)).Draw(r, "entries of a part")
			if parts, rest = append(parts, rest[:n]), rest[n:]; len(rest) == 0 {
				break
			}
		}
		s := memstore.Open("")
		h := mustWrite(t, s, path, parts...)
		if got := h.Entries(); got != uint64(len(all)) {
			r.Fatalf("%d entries of %d", got, len(all))
		}
		first := rapid.Uint16Range(0, 130).Draw(r, "first")
		last := rapid.Uint16Range(first, 200).Draw(r, "last")
		var want []state.Entry
		for _, e := range all {
			if g := uint16(e.Key[0])<<8 | uint16(e.Key[1]); g >= first && g <= last {
				want = append(want, e)
			}
		}
		if got, err := read(s, path, first, last); err != nil || !same(got, want) {
			r.Fatalf("groups %d to %d: got %v, %v; want %v", first, last, got, err, want)
		}
		sp, err := snapshot.Open(ctx, s, path)
		if err != nil || sp.Verify(ctx, nil) != nil {
			r.Fatal(err, sp.Verify(ctx, nil))
		}
	})
}

func TestHeader(t *testing.T) {
	s := memstore.Open("x")
	w, err := snapshot.Create(ctx, s, path, header())
	if err != nil {
		t.Fatal(err)
	}
	w.SetHeader(func(h *snapshot.Header) { h.Checkpoints, h.Drained = []string{"r1-000000000001"}, true })
	wrote, err := fill(w)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := snapshot.OpenURL(ctx, "mem://x/"+path)
	if err != nil {
		t.Fatal(err)
	}
	if h := sp.Header(); !reflect.DeepEqual(h, wrote) || h.Name != "one" || !h.Drained || h.Format != 1 || h.Created.IsZero() || h.Sources[0].Offset != 42 {
		t.Errorf("%+v, wrote %+v", h, wrote)
	}
	if sp.URL() != "mem://x/"+path {
		t.Error(sp.URL())
	}
	if err := errors.Join(sp.Close(), sp.Close(), snapshot.Delete(ctx, s, path)); err != nil {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	add := func(entries ...state.Entry) func(w *snapshot.Writer) error {
		return func(w *snapshot.Writer) error { _, err := fill(w, entries); return err }
	}
	other := state.Entry{Key: state.AppendKey(nil, 1, 2, nil)}
	tests := map[string]struct {
		do   func(w *snapshot.Writer) error
		want string
	}{
		"unsorted":       {add(entry(1, "b", ""), entry(1, "a", "")), "does not come after"},
		"twice":          {add(entry(1, "b", ""), entry(1, "b", "")), "does not come after"},
		"deletion":       {add(state.Entry{Key: entry(1, "b", "").Key, Delete: true}), "no deletions"},
		"group":          {add(entry(128, "b", "")), "the last is 127"},
		"state":          {add(other), "state id 2"},
		"no key":         {add(state.Entry{Key: []byte("x")}), "too short"},
		"unsorted parts": {func(w *snapshot.Writer) error { _, err := fill(w, numbered(1, 2), numbered(1, 1)); return err }, "parts must be sorted"},
		"overlapping":    {func(w *snapshot.Writer) error { _, err := fill(w, numbered(1, 2), numbered(1, 2)); return err }, "parts must be sorted"},
		"open part":      {func(w *snapshot.Writer) error { w.Part(0); _, err := w.Commit(ctx); return err }, "part 0 is not complete"},
		"part twice":     {func(w *snapshot.Writer) error { w.Part(0); return w.Part(0).Add(entry(1, "a", "")) }, "not twice"},
		"after close":    {func(w *snapshot.Writer) error { p := w.Part(0); _ = p.Close(); return p.Add(entry(1, "a", "")) }, "closed"},
		"max parallelism": {func(w *snapshot.Writer) error {
			return commitWith(w, func(h *snapshot.Header) { h.MaxParallelism = 0 })
		}, "max parallelism"},
		"two equal states": {func(w *snapshot.Writer) error {
			return commitWith(w, func(h *snapshot.Header) { h.States = append(h.States, h.States[0]) })
		}, "id 1"},
	}
	for name, test := range tests {
		s := memstore.Open("")
		w, err := snapshot.Create(ctx, s, path, header())
		if err != nil {
			t.Fatal(err)
		}
		if err := test.do(w); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		if err := w.Abort(ctx); err != nil || len(names(t, s)) > 0 {
			t.Errorf("%s: abort: %v, left %v", name, err, names(t, s))
		}
	}
}

func commitWith(w *snapshot.Writer, change func(*snapshot.Header)) error {
	w.SetHeader(change)
	_, err := w.Commit(ctx)
	return err
}

func TestExisting(t *testing.T) {
	s := memstore.Open("")
	late, err := snapshot.Create(ctx, s, path, header())
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s, path, numbered(3, 1))
	before := names(t, s)
	if _, err := snapshot.Create(ctx, s, path, header()); !errors.Is(err, snapshot.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("create: error %v", err)
	}
	if _, err := fill(late, numbered(3, 2)); !errors.Is(err, snapshot.ErrExist) {
		t.Errorf("commit: error %v", err)
	}
	if err := late.Abort(ctx); err != nil || !slices.Equal(before, names(t, s)) {
		t.Errorf("abort: %v, left %v of %v", err, names(t, s), before)
	}
}

func TestListAndDelete(t *testing.T) {
	s := memstore.Open("")
	for _, p := range []string{"job/savepoint/b", "job/savepoint/a", "job2/savepoint/a", "job/savepoint/savepoint"} {
		mustWrite(t, s, p, numbered(2, 1))
	}
	if err := s.Delete(ctx, "job/savepoint/b/savepoint"); err != nil { // as if it had never come to its end
		t.Fatal(err)
	}
	put(t, s, "job/savepoint/c/savepoint", []byte("damaged"))
	put(t, s, "job/latest", []byte("not ours"))
	found, err := snapshot.List(ctx, s, "job/savepoint/")
	if err != nil || len(found) != 3 || found[0].Path != "job/savepoint/a" || found[0].Err != nil || found[0].Header.Name != "a" ||
		found[1].Path != "job/savepoint/c" || found[1].Err == nil || found[2].Path != "job/savepoint/savepoint" {
		t.Errorf("%v, %v", found, err)
	}
	for _, p := range []string{"job/savepoint/a", "job/savepoint/b", "job/savepoint/c", "job/savepoint/savepoint", "job2/savepoint/a"} {
		if err := snapshot.Delete(ctx, s, p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		if err := snapshot.Delete(ctx, s, p); !errors.Is(err, checkpoint.ErrNotExist) {
			t.Errorf("%s: once more: %v", p, err)
		}
	}
	if left := names(t, s); !slices.Equal(left, []string{"job/latest"}) {
		t.Errorf("left %v", left)
	}
}

func TestScanEndsEarly(t *testing.T) {
	snapshot.FileSizeForTest(t, 500)
	s := memstore.Open("")
	mustWrite(t, s, path, numbered(5000, 1, 2, 3))
	sp, err := snapshot.Open(ctx, s, path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := sp.Scan(ctx, 0, 127)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := stream.Next(); !ok || err != nil {
		t.Error(ok, err)
	}
	cancel()
	n := 1
	for ; ; n++ {
		if _, ok, err := stream.Next(); !ok {
			if !errors.Is(err, context.Canceled) || n == 15000 {
				t.Errorf("after %d entries: %v", n, err)
			}
			break
		}
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

// TestFill copies a backend: all of it comes, group by group.
func TestFill(t *testing.T) {
	want := numbered(7, 0, 1, 63, 64, 127)
	b := memory.New()
	defer b.Close()
	if err := b.Apply(want, "r1-000000000001"); err != nil {
		t.Fatal(err)
	}
	s := memstore.Open("")
	w, err := snapshot.Create(ctx, s, path, header())
	if err != nil {
		t.Fatal(err)
	}
	var last, total int64
	if err := w.Fill(b, func(done, of int64) { last, total = done, of }); err != nil || last != 128 || total != 128 {
		t.Fatalf("%v, %d of %d", err, last, total)
	}
	h, err := w.Commit(ctx)
	if err != nil || len(h.Files) != 4 {
		t.Errorf("%v, files %+v", err, h.Files)
	}
	if got, err := read(s, path, 0, 127); err != nil || !same(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
