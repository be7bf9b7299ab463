package schema

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is one that encoding/json may have for a struct.
type field struct {
	name   string
	of     reflect.Type
	level  int // of embedding
	tagged bool
	quoted bool
}

func (d *describer) structOf(t reflect.Type, depth int) *node {
	n := &node{fields: map[string]*node{}}
	for name, f := range dominant(collect(nil, t, 0, nil)) {
		if f.quoted {
			n.fields[name] = &node{scalar: "quoted"}
		} else {
			n.fields[name] = d.describe(f.of, depth-1)
		}
	}
	return n
}

// collect finds fields as encoding/json does, those of embedded structs too.
func collect(all []field, t reflect.Type, level int, within []reflect.Type) []field {
	if slices.Contains(within, t) {
		return all
	}
	within = append(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		of := f.Type
		if of.Kind() == reflect.Pointer && of.Name() == "" {
			of = of.Elem()
		}
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && !(f.Anonymous && of.Kind() == reflect.Struct) {
			continue
		}
		name, opts, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		if name == "" && f.Anonymous && of.Kind() == reflect.Struct {
			all = collect(all, of, level+1, within)
			continue
		}
		tagged := name != ""
		if !tagged {
			name = f.Name
		}
		all = append(all, field{name, f.Type, level, tagged, slices.Contains(strings.Split(opts, ","), "string") && quotable(of)})
	}
	return all
}

// dominant are those that win their names: the least embedded, then those with a tag. If two are left, neither does.
func dominant(all []field) map[string]field {
	won, tied := map[string]field{}, map[string]bool{}
	for _, f := range all {
		best, taken := won[f.name]
		switch better := f.level < best.level || f.level == best.level && f.tagged && !best.tagged; {
		case !taken || better:
			won[f.name], tied[f.name] = f, false
		case f.level == best.level && f.tagged == best.tagged:
			tied[f.name] = true
		}
	}
	for name := range tied {
		if tied[name] {
			delete(won, name)
		}
	}
	return won
}

func quotable(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return true
	default:
		return k >= reflect.Int && k <= reflect.Uintptr
	}
}

func validName(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return s != ""
}
