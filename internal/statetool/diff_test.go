package statetool

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// Headers differ in more than states; --uid chooses of all of it, and --name states only.
func TestDiffHeaders(t *testing.T) {
	dir := "file://" + t.TempDir()
	headers := map[string]snapshot.Header{
		"a": {
			States:     []state.Descriptor{{ID: 1, UID: "sum", Name: "total", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"}},
			Sources:    []checkpoint.SourcePosition{{Operator: "in", Topic: "t", Offset: 5}},
			Watermarks: []checkpoint.StageWatermark{{Operator: "sum", To: 3, Watermark: 1000}, {Operator: "other", To: 3, Watermark: 1000}},
		},
		"b": {
			States: []state.Descriptor{{ID: 1, UID: "old", Name: "total", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "json"},
				{ID: 2, UID: "sum", Name: "total", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"}},
			Sources:    []checkpoint.SourcePosition{{Operator: "in", Topic: "t", Offset: 9}},
			Watermarks: []checkpoint.StageWatermark{{Operator: "sum", To: 3, Watermark: 2000}, {Operator: "other", To: 3, Watermark: 1000}},
			Drained:    true,
		},
	}
	for name, h := range headers {
		h.MaxParallelism = 4
		w, err := snapshot.CreateURL(t.Context(), dir+"/"+name, h)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Part(0).Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	drained := []string{`{"diff":"+","drained":true}`, `{"diff":"-","drained":false}`}
	source := []string{`{"diff":"+","source":{"operator":"in","topic":"t","partition":0,"offset":9}}`, `{"diff":"-","source":{"operator":"in","topic":"t","partition":0,"offset":5}}`}
	watermark := []string{`{"diff":"+","watermark":{"operator":"sum","from":0,"to":3,"watermark":2000}}`, `{"diff":"-","watermark":{"operator":"sum","from":0,"to":3,"watermark":1000}}`}
	old := []string{`{"diff":"+","state":{"id":0,"uid":"old","name":"total","kind":"value","keyCodec":"string","valueCodec":"json"}}`}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, slices.Concat(drained, source, old, watermark)},
		{[]string{"--uid", "sum"}, watermark},
		{[]string{"--uid", "in"}, source},
		{[]string{"--uid", "old"}, old},
		{[]string{"--uid", "sum", "--name", "total"}, []string{""}},
		{[]string{"--name", "total"}, old},
		{[]string{"--key", "k"}, old},
	} {
		slices.Sort(c.want)
		if got := lines(must(t, append([]string{"diff", dir + "/a", dir + "/b"}, c.args...)...)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}

// made is a savepoint with a value for each of these keys, and a broadcast state that all key groups have.
func made(t *testing.T, url string, groups int, values map[string]int) {
	t.Helper()
	states := []state.Descriptor{
		{ID: 1, UID: "sum", Name: "total", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"},
		{ID: 2, UID: "sum", Name: "rules", Kind: state.KindBroadcast, MapKeyCodec: "string", ValueCodec: "int64-be"},
	}
	w, err := snapshot.CreateURL(t.Context(), url, snapshot.Header{MaxParallelism: groups, States: states})
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]int{}
	for k, v := range values {
		entries[string(state.AppendKey(nil, state.KeyGroup([]byte(k), groups), 1, []byte(k)))] = v
	}
	for g := range groups {
		entries[string(state.AppendKey(nil, uint16(g), 2, nil))+"rule"] = 7
	}
	p := w.Part(0)
	for _, e := range slices.Sorted(maps.Keys(entries)) {
		value, err := state.Int64{}.Append(nil, int64(entries[e]))
		if err := errors.Join(err, p.Add(state.Entry{Key: []byte(e), Value: value})); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Long keys are in another order than their lengths.
func TestDiffLongKeys(t *testing.T) {
	dir := "file://" + t.TempDir()
	values := map[string]int{}
	for n := 120; n < 700; n += 3 {
		values[strings.Repeat("k", n)] = n
	}
	made(t, dir+"/a", 1, values)
	gone := strings.Repeat("k", 300)
	delete(values, gone)
	made(t, dir+"/b", 1, values)
	got := lines(must(t, "diff", dir+"/a", dir+"/b"))
	if want := `{"diff":"-","uid":"sum","name":"total","key":"` + gone + `","value":300}`; !slices.Equal(got, []string{want}) {
		t.Errorf("%d lines, want the one key that is missing: %.200q", len(got), got)
	}
}

// With other key groups entries are in another order, and are the same.
func TestDiffRegroups(t *testing.T) {
	dir := "file://" + t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	values := map[string]int{}
	for n := range 1000 {
		values[fmt.Sprint("key", n)] = n
	}
	made(t, dir+"/a", 4, values)
	delete(values, "key7")
	values["key8"], values["new"] = 88, 1
	made(t, dir+"/b", 7, values)
	want := []string{
		`{"diff":"+","maxParallelism":7}`, `{"diff":"+","uid":"sum","name":"total","key":"key8","value":88}`, `{"diff":"+","uid":"sum","name":"total","key":"new","value":1}`,
		`{"diff":"-","maxParallelism":4}`, `{"diff":"-","uid":"sum","name":"total","key":"key7","value":7}`, `{"diff":"-","uid":"sum","name":"total","key":"key8","value":8}`,
	}
	if got := lines(must(t, "diff", dir+"/a", dir+"/b")); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lines(must(t, "diff", dir+"/a", dir+"/b", "--limit", "1", "--uid", "sum")); len(got) != 1 {
		t.Errorf("with a limit: %q", got)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
