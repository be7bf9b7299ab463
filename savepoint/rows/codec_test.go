package rows_test

import (
	"strings"
	"testing"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/decode"
	"github.com/weirstream/weir/stream"
)

// TestSameCodecsAsQueries: what rows show for what it is, queries of a running job (package decode) do too, and the other way round.
func TestSameCodecsAsQueries(t *testing.T) {
	same(t, true, state.String{}, "x")
	same(t, true, state.Bytes{}, []byte("x"))
	same(t, true, state.Int64{}, 1)
	same(t, true, state.Float64{}, 1)
	same(t, true, state.Bool{}, true)
	same(t, true, state.JSON[[]int]{}, []int{1})
	same(t, true, operators.WindowCodec{}, operators.Window{End: 1})
	same(t, true, operators.NothingCodec{}, operators.Nothing{})
	same(t, true, operators.SessionsCodec[int64]{Acc: state.Int64{}}, []operators.Session[int64]{{Acc: 1}})
	same(t, true, operators.CountedCodec[int64]{Acc: state.Int64{}}, operators.Counted[int64]{N: 1, Acc: 1})
	same(t, true, operators.HeldCodec[string]{Of: state.String{}}, []string{"x"})
	same(t, false, stream.ChangeCodec[string, int64]{Key: state.String{}, Value: state.Int64{}}, stream.Change[string, int64]{Key: "x", Value: 1})
	same(t, false, operators.HeldCodec[stream.Change[string, int64]]{Of: stream.ChangeCodec[string, int64]{Key: state.String{}, Value: state.Int64{}}},
		[]stream.Change[string, int64]{{Key: "x", Value: 1}})
}

func same[T any](t *testing.T, known bool, c state.Codec[T], v T) {
	t.Helper()
	d := state.Descriptor{UID: "u", Name: "n", Kind: state.KindValue, KeyCodec: "string", ValueCodec: c.Name()}
	b, err := c.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	e, err := decode.New(d).Entry([]byte("k"), nil, b)
	if err != nil {
		t.Fatal(err)
	}
	if got := !strings.Contains(string(e.Value), `{"base64":`); got != known {
		t.Errorf("decode shows %s as %s: known is %v, want %v", c.Name(), e.Value, got, known)
	}
	for _, column := range rows.NewLayout(d).Columns() {
		if column.Name == rows.Value && column.Known != known {
			t.Errorf("rows show %s: known is %v, want %v", c.Name(), column.Known, known)
		}
	}
}
