package decode_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/decode"
	"github.com/weirstream/weir/state/memory"
)

func encoded[T any](t *testing.T, c state.Codec[T], v T) (name string, b []byte) {
	t.Helper()
	b, err := c.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return c.Name(), b
}

// shown is the value of an entry with this codec.
func shown(codec string, b []byte) (string, error) {
	e, err := decode.New(state.Descriptor{Kind: state.KindValue, UID: "u", Name: "n", ValueCodec: codec}).Entry([]byte("k"), nil, b)
	return string(e.Value), err
}

// TestCodecs holds this package to the codecs themselves.
func TestCodecs(t *testing.T) {
	type pair struct {
		A int
		B string
	}
	w := operators.Window{Start: -5, End: 3_600_000}
	check := func(codec string, b []byte, want string) {
		t.Helper()
		if got, err := shown(codec, b); err != nil || got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, %v; want %s", codec, got, err, want)
		}
	}
	both := func(want string) func(codec string, b []byte) {
		return func(codec string, b []byte) { t.Helper(); check(codec, b, want) }
	}
	both(`"a\"b"`)(encoded(t, state.String{}, `a"b`))
	both(`{"base64":"/w=="}`)(encoded(t, state.String{}, "\xff"))
	both(`"AAE="`)(encoded(t, state.Bytes{}, []byte{0, 1}))
	both(`-7`)(encoded(t, state.Int64{}, -7))
	both(`9223372036854775807`)(encoded(t, state.Int64{}, math.MaxInt64))
	both(`2.5e-07`)(encoded(t, state.Float64{}, 2.5e-7))
	both(`"NaN"`)(encoded(t, state.Float64{}, math.NaN()))
	both(`"-Infinity"`)(encoded(t, state.Float64{}, math.Inf(-1)))
	both(`true`)(encoded(t, state.Bool{}, true))
	both(`{"A":1,"B":"x"}`)(encoded(t, state.JSON[pair]{}, pair{1, "x"}))
	both(`{"start":-5,"end":3600000}`)(encoded(t, operators.WindowCodec{}, w))
	both(`null`)(encoded(t, operators.NothingCodec{}, operators.Nothing{}))
	both(`[]`)(encoded(t, operators.SessionsCodec[int64]{Acc: state.Int64{}}, nil))
	both(`[{"start":-5,"end":3600000,"value":4},{"start":-5,"end":3600000,"value":5}]`)(
		encoded(t, operators.SessionsCodec[int64]{Acc: state.Int64{}}, []operators.Session[int64]{{Window: w, Acc: 4}, {Window: w, Acc: 5}}))
	both(`{"count":300,"value":"x"}`)(encoded(t, operators.CountedCodec[string]{Acc: state.String{}}, operators.Counted[string]{N: 300, Acc: "x"}))
	both(`["x",""]`)(encoded(t, operators.HeldCodec[string]{Of: state.String{}}, []string{"x", ""}))
	check("proto:a.B", []byte{1}, `{"base64":"AQ=="}`)
	check("their:own", []byte("x"), `{"base64":"eA=="}`)
}

// TestNoBytesPanic: whatever the bytes are, they are shown as JSON or refused.
func TestNoBytesPanic(t *testing.T) {
	codecs := []string{"string", "bytes", "int64-be", "float64-be", "bool", "json", "window", "nothing", "sessions:int64-be", "counted:json", "held:string",
		"held:sessions:counted:bool", "proto:x", "none", ""}
	kinds := []state.Kind{state.KindValue, state.KindList, state.KindMap, state.KindTimer, state.KindBroadcast, state.KindReducing, "other"}
	rapid.Check(t, func(t *rapid.T) {
		codec := rapid.SampledFrom(codecs)
		d := state.Descriptor{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), KeyCodec: codec.Draw(t, "key codec"),
			MapKeyCodec: codec.Draw(t, "map key codec"), ValueCodec: codec.Draw(t, "value codec")}
		b := rapid.SliceOfN(rapid.Byte(), 0, 40)
		e, err := decode.New(d).Entry(b.Draw(t, "key"), b.Draw(t, "suffix"), b.Draw(t, "value"))
		if err != nil {
			return
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRefuses names the state and what is wrong.
func TestRefuses(t *testing.T) {
	for codec, b := range map[string]string{"int64-be": "x", "json": "{", "bool": "2", "window": "x", "nothing": "x",
		"sessions:json": "x", "counted:json": "", "held:json": "\x05x", "held:int64-be": "\x01x"} {
		if got, err := shown(codec, []byte(b)); err == nil || !strings.Contains(err.Error(), `state "n" of operator "u", key "k"`) {
			t.Errorf("%s: %s, %v", codec, got, err)
		}
	}
}

// TestKinds reads what handles have written.
func TestKinds(t *testing.T) {
	reg, err := state.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := state.NewStore(memory.New(), reg, state.Options{})
	list, err1 := state.NewList(s, "op", "list", state.Codec[int64](state.Int64{}), state.WithKeyCodec("string"))
	m, err2 := state.NewMap(s, "op", "map", state.Codec[bool](state.Bool{}), state.Codec[string](state.String{}), state.WithKeyCodec("string"))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	s.SetKey(1, []byte("k"))
	for _, err := range []error{list.Add(7), list.Add(8), m.Put(true, "yes")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	entries, err := s.Seal(1)
	if err != nil {
		t.Fatal(err)
	}
	states := map[uint16]*decode.Decoder{}
	for _, d := range reg.Descriptors() {
		states[d.ID] = decode.New(d)
	}
	var got []string
	for _, e := range entries {
		_, id, key, suffix, err := state.SplitKey(e.Key)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := states[id].Entry(key, suffix, e.Value)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b))
	}
	want := `[{"key":"k","count":2} {"key":"k","index":0,"value":7} {"key":"k","index":1,"value":8} {"key":"k","mapKey":true,"value":"yes"}]`
	if fmt.Sprint(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	timer, err := decode.New(state.Descriptor{Kind: state.KindTimer, ValueCodec: "none"}).Entry([]byte("k"), []byte("\x01\x80\x00\x00\x00\x00\x00\x00\x05n"), nil)
	if b, _ := json.Marshal(timer); err != nil || string(b) != `{"key":"k","time":5,"domain":"event","namespace":"bg=="}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestParseKey(t *testing.T) {
	for _, c := range []struct{ codec, text, want string }{
		{"", "a/b", `"a/b"`}, {"string", "", `""`}, {"int64-be", "-3", "-3"}, {"float64-be", "1.5", "1.5"}, {"bool", "true", "true"},
		{"json", `{"a":1}`, `{"a":1}`}, {"bytes", "AAE=", `"AAE="`},
	} {
		d := state.Descriptor{UID: "u", Name: "n", Kind: state.KindValue, KeyCodec: c.codec, ValueCodec: "nothing"}
		key, err := decode.ParseKey(d, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := decode.New(d).Entry(key, nil, nil); err != nil || string(e.Key) != c.want {
			t.Errorf("%s %q: %s, %v", c.codec, c.text, e.Key, err)
		}
	}
	for _, c := range [][2]string{{"int64-be", "x"}, {"float64-be", ""}, {"bool", "maybe"}, {"json", "{"}, {"bytes", "!"}, {"window", "1"}} {
		if _, err := decode.ParseKey(state.Descriptor{KeyCodec: c[0]}, c[1]); err == nil {
			t.Errorf("%s took %q", c[0], c[1])
		}
	}
}

func ExampleDecoder() {
	d := state.Descriptor{UID: "count", Name: "sum", Kind: state.KindReducing, KeyCodec: "string", ValueCodec: "int64-be"}
	value, _ := state.Int64{}.Append(nil, 3)
	e, err := decode.New(d).Entry([]byte("flink"), nil, value)
	fmt.Println(string(e.Key), string(e.Value), err)
	// Output: "flink" 3 <nil>
}
