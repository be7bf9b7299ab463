package statetool

import (
	"slices"
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
