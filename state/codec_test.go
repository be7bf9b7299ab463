package state_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"

	"github.com/weirstream/weir/state"
)

// roundTrip encodes behind a prefix, and decodes from memory that is overwritten afterwards.
func roundTrip[T any](t rapid.TB, c state.Codec[T], v T) T {
	t.Helper()
	b, err := c.Append([]byte("prefix"), v)
	if err != nil || !bytes.HasPrefix(b, []byte("prefix")) {
		t.Fatalf("%s: Append = %q, %v", c.Name(), b, err)
	}
	got, err := c.Decode(b[len("prefix"):])
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 0xaa
	}
	return got
}

func TestCodecsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if v := rapid.String().Draw(t, "string"); roundTrip(t, state.String{}, v) != v {
			t.Error("string")
		}
		if v := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"); !bytes.Equal(roundTrip(t, state.Bytes{}, v), v) {
			t.Error("bytes")
		}
		if v := rapid.Int64().Draw(t, "int64"); roundTrip(t, state.Int64{}, v) != v {
			t.Error("int64")
		}
		if v := rapid.Float64().Draw(t, "float64"); roundTrip(t, state.Float64{}, v) != v {
			t.Error("float64")
		}
		if v := rapid.Bool().Draw(t, "bool"); roundTrip(t, state.Bool{}, v) != v {
			t.Error("bool")
		}
		if v := rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "json"); len(v) != len(roundTrip(t, state.JSON[map[string]int]{}, v)) {
			t.Error("json")
		}
		v := durationpb.New(time.Duration(rapid.Int64().Draw(t, "proto")))
		if !proto.Equal(roundTrip(t, state.Proto[*durationpb.Duration]{}, v), v) {
			t.Error("proto")
		}
	})
}

func TestFloat64KeepsAllBits(t *testing.T) {
	for _, bits := range []uint64{0, 1 << 63, 0x7ff8000000000001, 0xfff0000000000123} {
		if got := math.Float64bits(roundTrip(t, state.Float64{}, math.Float64frombits(bits))); got != bits {
			t.Errorf("%x came back as %x", bits, got)
		}
	}
}

// ordered checks that bytes sort as values do.
func ordered[T any](t *testing.T, c state.Codec[T], rising []T) {
	t.Helper()
	var all [][]byte
	for _, v := range rising {
		b, err := c.Append(nil, v)
		must(t, err)
		all = append(all, b)
	}
	if !slices.IsSortedFunc(all, bytes.Compare) {
		t.Errorf("%s: %x", c.Name(), all)
	}
}

func TestCodecsKeepOrder(t *testing.T) {
	ordered(t, state.Int64{}, []int64{math.MinInt64, -256, -2, -1, 0, 1, 255, 256, math.MaxInt64})
	inf := math.Inf(1)
	ordered(t, state.Float64{}, []float64{-inf, -1e300, -1, -1e-300, math.Copysign(0, -1), 0, 1e-300, 1, 1e300, inf})
	ordered(t, state.Bool{}, []bool{false, true})
	ordered(t, state.String{}, []string{"", "a", "aa", "b"})
}

// decodeFails checks that a codec refuses bytes, naming itself and showing the first of them.
func decodeFails[T any](t *testing.T, c state.Codec[T], b string, shown string) {
	t.Helper()
	_, err := c.Decode([]byte(b))
	if err == nil || !strings.Contains(err.Error(), "codec "+c.Name()) || !strings.Contains(err.Error(), shown) {
		t.Errorf("%s of %.20q: %v", c.Name(), b, err)
	} else if len(err.Error()) > 400 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestDecodeErrors(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	decodeFails(t, state.Int64{}, "short", `"short"`)
	decodeFails(t, state.Int64{}, long, "(1048576 bytes)")
	decodeFails(t, state.Float64{}, "", `""`)
	decodeFails(t, state.Bool{}, "\x02", `"\x02"`)
	decodeFails(t, state.Bool{}, "", `""`)
	decodeFails(t, state.JSON[int]{}, long, "(1048576 bytes)")
	decodeFails(t, state.Proto[*durationpb.Duration]{}, "\xff", `"\xff"`)
	decodeFails(t, state.Proto[proto.Message]{}, "", "not an interface")
}

func TestCodecNames(t *testing.T) {
	if got := (state.Proto[*durationpb.Duration]{}).Name(); got != "proto:google.protobuf.Duration" {
		t.Error(got)
	}
	if got := (state.JSON[struct{ N int }]{}).Schema(); got != `{"N":"int64"}` {
		t.Error(got)
	}
}

func TestProtoIsDeterministic(t *testing.T) {
	fields := map[string]any{}
	for _, k := range strings.Split("the quick brown fox jumps over a lazy dog", " ") {
		fields[k] = k
	}
	v, err := structpb.NewStruct(fields)
	must(t, err)
	c := state.Proto[*structpb.Struct]{}
	first, err := c.Append(nil, v)
	must(t, err)
	for range 10 {
		if again, err := c.Append(nil, v); err != nil || !bytes.Equal(first, again) {
			t.Fatal("differs", err)
		}
	}
}

// failing can't encode "bad", and forgets what it was to append to when asked for "cut".
type failing struct{ state.String }

var errBad = errors.New("bad value")

func (f failing) Append(dst []byte, v string) ([]byte, error) {
	switch v {
	case "bad":
		return dst, errBad
	case "cut":
		return nil, nil
	}
	return f.String.Append(dst, v)
}
