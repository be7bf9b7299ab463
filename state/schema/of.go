package schema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Of describes what encoding/json writes of values of a type.
func Of(t reflect.Type) string {
	return bounded(func(depth int) (*node, bool) {
		d := &describer{}
		return d.describe(t, depth), d.cut
	})
}

type describer struct {
	within []reflect.Type // structs, slices and maps that are being described
	cut    bool
}

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// maxPointers ends the way from pointer to pointer: a type can point to itself.
const maxPointers = 8

func (d *describer) describe(t reflect.Type, depth int) *node {
	for i := 0; t.Kind() == reflect.Pointer && i < maxPointers; i++ {
		t = t.Elem()
	}
	if s := special(t); s != "" {
		return &node{scalar: s}
	}
	if s := plain(t); s != "" {
		return &node{scalar: s}
	}
	if slices.Contains(d.within, t) {
		return &node{scalar: anything}
	}
	if depth == 0 {
		d.cut = true
		return &node{scalar: anything}
	}
	d.within = append(d.within, t)
	defer func() { d.within = d.within[:len(d.within)-1] }()
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return &node{list: d.describe(t.Elem(), depth-1)}
	case reflect.Map:
		return &node{key: &node{scalar: keyOf(t.Key())}, value: d.describe(t.Elem(), depth-1)}
	}
	return d.structOf(t, depth)
}

// special is what a type is that does not go by its kind; empty: it does.
func special(t reflect.Type) string {
	p := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[json.Number]():
		return "float64"
	case t.Kind() == reflect.Interface || p.Implements(jsonMarshaler) || p.Implements(jsonUnmarshaler):
		return anything
	case t.Implements(textMarshaler):
		return "text"
	case p.Implements(textMarshaler) || p.Implements(textUnmarshaler): // whether it is called depends on where the value is
		return anything
	}
	return ""
}

// plain is the scalar of a kind; empty: it is composed of others.
func plain(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "int" + bits(t)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "uint" + bits(t)
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return t.Kind().String()
	case reflect.Slice:
		if e := t.Elem(); e.Kind() != reflect.Uint8 || special(e) != "" {
			return ""
		}
		return "bytes"
	case reflect.Array, reflect.Map, reflect.Struct:
		return ""
	}
	return anything
}

// bits does not depend on the machine.
func bits(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return "64"
	}
	return strconv.Itoa(t.Bits())
}

// keyOf is what keys of a map are.
func keyOf(t reflect.Type) string {
	switch {
	case reflect.PointerTo(t).Implements(textUnmarshaler) || t.Implements(textMarshaler):
		return "text"
	case t.Kind() == reflect.Interface:
		return anything
	}
	return plain(t)
}
