package rows

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Of a name that comes twice the last value counts; the first must be one all the same.
func TestJSONObjectNameTwice(t *testing.T) {
	for object, ok := range map[string]bool{`{"key":1,"key":2}`: true, `{"key":1key:1,"key":2}`: false, `{"key":[1,"key":2}`: false} {
		o := jsonObject{names: map[string]string{}, row: Row{}}
		if err := o.parse([]byte(object)); (err == nil) != ok || ok && string(o.row["key"].Bytes) != "2" {
			t.Errorf("%s: %v, %s", object, err, o.row["key"].Bytes)
		}
	}
}

// The scanner finds the fields that encoding/json finds, and takes no object for one that encoding/json refuses, except for what is
// wrong within a value, which shows when that is decoded.
func TestJSONObject(t *testing.T) {
	value := rapid.SampledFrom([]string{`1`, `-1.5e3`, `"a"`, `"\"}\\"`, `"\u00e9,"`, `{}`, `{"a":[1,"]}",{}]}`, `[ ]`, `null`, `true`, ``, `"`, `{`, `]`, `1 2`, `[1,2]`})
	name := rapid.SampledFrom([]string{`"key"`, `"k\u0065y"`, `"value"`, `"at" `, ` ""`, `key`, ``})
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		b.WriteString(rapid.SampledFrom([]string{"{", " { ", "", "["}).Draw(t, "begin"))
		for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
			if i > 0 {
				b.WriteString(rapid.SampledFrom([]string{",", " , ", ""}).Draw(t, "comma"))
			}
			b.WriteString(name.Draw(t, "name") + ":" + value.Draw(t, "value"))
		}
		b.WriteString(rapid.SampledFrom([]string{"}", " } ", "", "}}", "}x"}).Draw(t, "end"))
		o := jsonObject{names: map[string]string{}, row: Row{}}
		err := o.parse(b.Bytes())
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(b.Bytes(), &want)
		for _, c := range o.row {
			if !json.Valid(c.Bytes) {
				return // whoever decodes it will say so
			}
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: got %v, want %v", b.Bytes(), err, wantErr)
		}
		if err != nil {
			return
		}
		if got, want := slices.Sorted(maps.Keys(o.row)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", b.Bytes(), got, want)
		}
		for k, v := range want {
			if !bytes.Equal(o.row[k].Bytes, v) {
				t.Fatalf("%s: %s is %s, want %s", b.Bytes(), k, o.row[k].Bytes, v)
			}
		}
	})
}
