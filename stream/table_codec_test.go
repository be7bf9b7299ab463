package stream_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// What is encoded is decoded, and what is cut short is an error or something else, never a panic.
func TestCodecsOfJoins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := stream.ChangeCodec[string, int64]{Key: state.String{}, Value: state.Int64{}}
		c := stream.Change[string, int64]{Key: rapid.String().Draw(t, "key"), Deleted: rapid.Bool().Draw(t, "deleted")}
		if !c.Deleted {
			c.Value = rapid.Int64().Draw(t, "value")
		}
		b, err := changes.Append([]byte("x"), c)
		if err != nil || b[0] != 'x' {
			t.Fatal(b, err)
		}
		if got, err := changes.Decode(b[1:]); err != nil || got != c {
			t.Fatalf("%+v, want %+v, %v", got, c, err)
		}
		held := operators.HeldCodec[string]{Of: state.String{}}
		all := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "held")
		b, err = held.Append(nil, all)
		if err != nil {
			t.Fatal(err)
		}
		got, err := held.Decode(b)
		if err != nil || len(got) != len(all) {
			t.Fatal(got, err)
		}
		for i := range all {
			if got[i] != all[i] {
				t.Fatalf("%q, want %q", got, all)
			}
		}
		junk := rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "junk")
		_, _ = changes.Decode(junk)
		_, _ = held.Decode(junk)
	})
}
