package schema_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/state/schema"
)

type base struct {
	ID   int
	Name string `json:"name"`
}

type tree struct {
	Label string
	Kids  []tree
}

type (
	loop []loop
	self *self
)

func check[T any](t *testing.T, want string) {
	t.Helper()
	if got := schema.Of(reflect.TypeFor[T]()); got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", reflect.TypeFor[T](), got, want)
	}
}

func TestOf(t *testing.T) {
	check[int](t, `"int64"`)
	check[uint8](t, `"uint8"`)
	check[**float32](t, `"float32"`)
	check[time.Duration](t, `"int64"`)
	check[[]byte](t, `"bytes"`)
	check[[2]byte](t, `["uint8"]`)
	check[map[netip.Addr][]bool](t, `["map","text",["bool"]]`)
	check[any](t, `"any"`)
	check[json.RawMessage](t, `"any"`)
	check[json.Number](t, `"float64"`)
	check[func()](t, `"any"`)
	check[tree](t, `{"Kids":["any"],"Label":"string"}`)
	check[loop](t, `["any"]`)
	check[self](t, `"any"`)
	check[struct {
		At     time.Time   `json:"at"`
		From   *netip.Addr `json:",omitempty"`
		N      int         `json:",string"`
		Hidden int         `json:"-"`
		none   int
	}](t, `{"From":"text","N":"quoted","at":"time"}`)
}

// Fields of embedded structs are those that encoding/json writes.
func TestOfEmbedded(t *testing.T) {
	type other struct{ ID, Both, name string }
	type third struct{ Both int }
	type named struct{ X int }
	type all struct {
		base
		*other
		third
		named `json:"n"`
		Name  bool `json:"name"`
	}
	_ = other{}.name
	check[all](t, `{"n":{"X":"int64"},"name":"bool"}`)
	b, err := json.Marshal(all{other: &other{}})
	if err != nil || string(b) != `{"n":{"X":0},"name":false}` {
		t.Errorf("%s %v", b, err)
	}
}

type wide[T any] struct{ Aaaaaaaaaa, Bbbbbbbbbb, Cccccccccc, Dddddddddd, Eeeeeeeeee, Ffffffffff, Gggggggggg, Hhhhhhhhhh *T }

// What is nested too deep is left out, everywhere at the same depth.
func TestOfIsBounded(t *testing.T) {
	s := schema.Of(reflect.TypeFor[wide[wide[wide[wide[wide[wide[wide[wide[int]]]]]]]]]()) // 8 to the power of 8 numbers
	if len(s) > 8<<10 || !strings.HasPrefix(s, `{"Aaaaaaaaaa":{"Aaaaaaaaaa":"any"`) {
		t.Errorf("%d bytes: %.200s", len(s), s)
	}
	many := strings.TrimSuffix(s, "}")
	for _, c := range "IJKLMNO" { // seven times as much
		many += `,"` + string(c) + `":` + s
	}
	if got := schema.Join(s, many+"}"); len(got) > 8<<10 || !strings.Contains(got, `"O":{"Aaaaaaaaaa":"any"`) {
		t.Errorf("%d bytes: %.200s", len(got), got)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ old, now, broken, doubts, removed string }{
		{`{"a":"int64"}`, `{"a":"int64","b":"string"}`, "", "", ""},
		{`{"a":"int64","b":"string"}`, `{"a":"int64"}`, "", "", "b"},
		{`{"a":"int64"}`, `{"b":"int64"}`, "", "a: gone, and new: b (a field with another name is not read)", "a"},
		{`{"a":"int64"}`, `{"A":"int64"}`, "", "", ""},
		{`{"a":"int64"}`, `{"a":"string"}`, "a: string, was int64", "", ""},
		{`{"a":[{"n":"string"}]}`, `{"a":[{"n":"time"}]}`, "", "a[].n: time, was string", ""},
		{`["map","string",{"n":"bool"}]`, `["map","int64",{"n":["bool"]}]`, " (keys): int64, was string; {}.n: list, was bool", "", ""},
		{`"int64"`, `{"n":"int64"}`, "the value: struct, was int64", "", ""},
		{`"int32"`, `"float64"`, "", "", ""},
		{`"int64"`, `"float64"`, "", "the value: float64, was int64", ""},
		{`"float64"`, `"int64"`, "the value: int64, was float64", "", ""},
		{`"uint32"`, `"int64"`, "", "", ""},
		{`"int8"`, `"uint64"`, "", "the value: uint64, was int8", ""},
		{`"text"`, `"string"`, "", "", ""},
		{`"bytes"`, `"string"`, "the value: string, was bytes", "", ""},
		{`"decimal"`, `"bool"`, "", "", ""},
		{`main.Order`, `{"a":"int64"}`, "", "", ""},
		{`int64`, `"string"`, "", "", ""},
		{``, `"string"`, "", "", ""},
		{`{"key":string}`, `"string"`, "", "", ""},
		{`["map","string"]`, `"string"`, "", "", ""},
		{`17`, `"string"`, "", "", ""},
	} {
		got := schema.Compare(c.old, c.now)
		if b, d, r := strings.Join(got.Broken, "; "), strings.Join(got.Doubts, "; "), strings.Join(got.Removed, "; "); b != c.broken || d != c.doubts || r != c.removed {
			t.Errorf("%s read as %s: broken %q, doubts %q, removed %q", c.old, c.now, b, d, r)
		}
	}
}

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		s, of string
		want  int
	}{
		{`{"a":"int64"}`, `{"a":"int64"}`, 3},
		{`{"a":"int64"}`, `{"a":"int64","b":"bool"}`, 2},
		{`{"a":"int64","b":"bool"}`, `{"a":"int64"}`, 1},
		{`{"a":"int64","b":"bool"}`, `{"a":"int64","c":"bool"}`, 0},
		{`{"a":"string"}`, `{"a":"int64"}`, 0},
		{`main.T`, `{"a":"int64"}`, 0},
		{`main.T`, `main.T`, 3},
		{``, ``, 0},
	} {
		if got := schema.Likeness(c.s, c.of); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.s, c.of, got, c.want)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ old, now, want string }{
		{`{"a":"int64"}`, `{"b":"string"}`, `{"a":"int64","b":"string"}`},
		{`{"a":"int32"}`, `{"a":"int64"}`, `{"a":"int64"}`},
		{`{"a":"int64"}`, `{"a":"int32"}`, `{"a":"int64"}`},
		{`["int64"]`, `["float64"]`, `["float64"]`},
		{`"time"`, `"text"`, `"string"`},
		{`"bool"`, `"string"`, `"any"`},
		{`main.T`, `"string"`, `"string"`},
		{`"string"`, `{"odd":string}`, `{"odd":string}`},
		{`"string"`, ``, `"string"`},
		{``, `"string"`, `"string"`},
	} {
		if got := schema.Join(c.old, c.now); got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.old, c.now, got, c.want)
		}
	}
}
