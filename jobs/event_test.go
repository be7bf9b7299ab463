package jobs

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sameAsJSON holds parseEvent against encoding/json alone.
func sameAsJSON(t interface{ Fatalf(string, ...any) }, b []byte) {
	fast, fastErr := parseEvent(b)
	slow, slowErr := parseAny(b)
	if (fastErr == nil) != (slowErr == nil) || fastErr == nil && fast != slow {
		t.Fatalf("%q: got %+v, %v; encoding/json gives %+v, %v", b, fast, fastErr, slow, slowErr)
	}
}

func TestParseEvent(t *testing.T) {
	ok := map[string]event{
		`{"key":"a","value":1,"createdAt":2}`:                     {"a", number{i: 1}, 2},
		`{ "createdAt" : -3 , "value" : -1 , "key" : "" }`:        {"", number{i: -1}, -3},
		`{"key":"a","value":1}`:                                   {"a", number{i: 1}, 0},
		`{"key":"\u00e9\n","value":1.5e1,"other":[{}]}`:           {"é\n", number{i: 15}, 0},
		`{"key":"a","value":9223372036854775807}`:                 {"a", number{i: math.MaxInt64}, 0},
		`{"key":"a","value":9223372036854775808}`:                 {"a", number{f: 1 << 63, float: true}, 0},
		`{"Key":"a","VALUE":1}`:                                   {"a", number{i: 1}, 0},
		`{"key":"a","value":1,"value":2}`:                         {"a", number{i: 2}, 0},
		`{"key":"a","value":999999999999999999,"createdAt":null}`: {"a", number{i: 999999999999999999}, 0},
	}
	for text, want := range ok {
		if got, err := parseEvent([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
		sameAsJSON(t, []byte(text))
	}
	spaced := " \t\r\n{\"key\":\"a\",\"value\":1}\n"
	if got, err := parseEvent([]byte(spaced)); err != nil || got.Key != "a" {
		t.Errorf("%q: got %+v, %v", spaced, got, err)
	}
	for _, text := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"key":"a"}`, `{"value":1}`, `{"key":null,"value":1}`, `{"key":"a","value":null}`,
		`{"key":1,"value":1}`, `{"key":"a","value":"1"}`, `{"key":"a","value":01}`, `{"key":"a","value":1}x`, `{"key":"a","value":1,}`,
		`{"key":"a","value":1e999}`, `{"key":"a","value":1,"createdAt":1.5}`, `{"key":"a","value":-}`, `{"key":"a","value":1 2}`,
	} {
		if got, err := parseEvent([]byte(text)); err == nil {
			t.Errorf("%s: no error but %+v", text, got)
		}
		sameAsJSON(t, []byte(text))
	}
}

func TestParseEqualsJSON(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.Int64(), func(i int64) string { return fmt.Sprint(i) }),
		rapid.Map(rapid.Float64(), func(f float64) string { return fmt.Sprint(f) }),
		rapid.Map(rapid.String(), func(s string) string { b, _ := json.Marshal(s); return string(b) }),
		rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{0,2})?([eE][+-]?[0-9]{0,3})?`),
		rapid.StringMatching(`"[a-z"\\]{0,5}"`),
		rapid.SampledFrom([]string{"null", "true", "{}", "[1]", ""}),
	)
	field := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"key", "value", "createdAt", "label", "Key", ""}).Draw(t, "name")
		space := rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")
		return fmt.Sprintf("%s%q%s:%s%s%s", space, name, space, space, value.Draw(t, "value"), space)
	})
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(field, 0, 5).Draw(t, "fields")
		sameAsJSON(t, []byte("{"+strings.Join(fields, ",")+"}"))
	})
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"key":"a","value":1,"createdAt":2}`))
	f.Add([]byte(`{"key":"é\\","value":-1.5e3}`))
	f.Fuzz(func(t *testing.T, b []byte) { sameAsJSON(t, b) })
}

func anyNumber() *rapid.Generator[number] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), func(i int64) number { return number{i: i} }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), ofFloat),
	)
}

// What is written is read again, by us and by encoding/json.
func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := event{rapid.String().Draw(t, "key"), anyNumber().Draw(t, "value"), rapid.Int64().Draw(t, "createdAt")}
		b, err := eventCodec{}.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := eventCodec{}.Decode(b)
		if err != nil || got != e {
			t.Fatalf("%+v became %s, then %+v, %v", e, b, got, err)
		}
		sameAsJSON(t, b)
	})
}

func TestNumberAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		sum := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got := number{i: a}.add(number{i: b})
		if sum.IsInt64() && (got.float || got.i != sum.Int64()) {
			t.Fatalf("%d + %d = %+v", a, b, got)
		}
		if !sum.IsInt64() && got.float64() != float64(a)+float64(b) {
			t.Fatalf("%d + %d = %+v", a, b, got)
		}
	})
}

func TestNumberAbove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, limit := anyNumber().Draw(t, "n"), rapid.Int64().Draw(t, "limit")
		exact := new(big.Float).SetPrec(200).SetFloat64(n.f)
		if !n.float {
			exact.SetInt64(n.i)
		}
		want := exact.Cmp(new(big.Float).SetPrec(200).SetInt64(limit)) > 0
		if n.above(limit) != want {
			t.Fatalf("%+v above %d: want %v", n, limit, want)
		}
	})
	if (number{f: 2.5, float: true}).above(3) || !(number{f: 2.5, float: true}).above(2) || (number{f: 2, float: true}).above(2) {
		t.Fatal("2.5 lies between 2 and 3")
	}
}
