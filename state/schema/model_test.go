package schema_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/state/schema"
)

var leaves = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](), reflect.TypeFor[uint32](), reflect.TypeFor[float32](),
	reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](), reflect.TypeFor[time.Time](), reflect.TypeFor[json.Number](),
}

func drawType(t *rapid.T, depth int) reflect.Type {
	of := func() reflect.Type { return drawType(t, depth-1) }
	switch kind := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case depth == 0 || kind < 3:
		return rapid.SampledFrom(leaves).Draw(t, "leaf")
	case kind == 3:
		return reflect.PointerTo(of())
	case kind == 4:
		return reflect.SliceOf(of())
	case kind == 5:
		return reflect.MapOf(rapid.SampledFrom([]reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int64](), reflect.TypeFor[uint8]()}).Draw(t, "key"), of())
	}
	var fields []reflect.StructField
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C"}), 0, 3, rapid.ID).Draw(t, "fields") {
		fields = append(fields, reflect.StructField{Name: name, Type: of(), Tag: reflect.StructTag(rapid.SampledFrom([]string{"", `json:",omitempty"`, `json:"b"`}).Draw(t, "tag"))})
	}
	return reflect.StructOf(fields)
}

// fill makes a value that has something everywhere.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1e9).Draw(t, "time"), 0)))
		return
	case reflect.TypeFor[json.Number]():
		v.SetString(rapid.SampledFrom([]string{"1", "-2.5", "0"}).Draw(t, "number"))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int8:
		v.SetInt(int64(rapid.Int8().Draw(t, "int8")))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int64"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Uint8().Draw(t, "uint8")))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "uint32")))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(rapid.Float32().Draw(t, "float")))
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	}
}

// A value that is written can be read by every type that Compare has nothing against. Where it says broken, it is for a kind of JSON that is another one, or a number with a fraction.
func TestCompareEqualsEncodingJSON(t *testing.T) {
	read, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawType(t, 3), drawType(t, 3)
		if rapid.Bool().Draw(t, "same") {
			now = old
		}
		a, b := schema.Of(old), schema.Of(now)
		v := reflect.New(old)
		fill(t, v.Elem())
		data, err := json.Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		err = json.Unmarshal(data, reflect.New(now).Interface())
		switch c := schema.Compare(a, b); {
		case len(c.Broken)+len(c.Doubts) == 0 && err != nil:
			t.Fatalf("%s reads as %s, but %s: %v", a, b, data, err)
		case len(c.Broken) > 0 && old == now:
			t.Fatalf("%s is not read as itself: %v", a, c)
		case len(c.Broken) > 0:
			refused++
		default:
			read++
		}
	})
	if read == 0 || refused == 0 {
		t.Errorf("%d read, %d refused", read, refused)
	}
}

// What a state has seen has its values, and whoever reads both reads it.
func TestJoinHasBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := schema.Of(drawType(t, 3)), schema.Of(drawType(t, 3))
		ab := schema.Join(a, b)
		if ba := schema.Join(b, a); ab != ba {
			t.Fatalf("%s and %s: %s and %s", a, b, ab, ba)
		}
		if again := schema.Join(ab, b); again != ab {
			t.Fatalf("%s and %s again: %s", ab, b, again)
		}
		for _, s := range []string{a, b} {
			if c := schema.Compare(s, ab); len(c.Broken)+len(c.Removed) > 0 {
				t.Fatalf("%s does not have %s: %v", ab, s, c)
			}
		}
		if before, after := schema.Compare(a, b), schema.Compare(ab, b); len(before.Broken) == 0 && len(after.Broken) > 0 {
			t.Fatalf("%s reads %s and not %s: %v", b, a, ab, after)
		}
	})
}

func Example() {
	type order struct {
		Total int64 `json:"total"`
	}
	type orderV2 struct {
		Total    string `json:"total"`
		Currency string `json:"currency"`
	}
	before, now := schema.Of(reflect.TypeFor[order]()), schema.Of(reflect.TypeFor[orderV2]())
	fmt.Println(before)
	fmt.Println(now)
	fmt.Println(schema.Compare(before, now).Broken)
	// Output:
	// {"total":"int64"}
	// {"currency":"string","total":"string"}
	// [total: string, was int64]
}
