package schema

import (
	"encoding/json"
)

// limit is how long a schema may be: it is in every manifest.
const limit = 8 << 10

// anything is the scalar of which nothing is known.
const anything = "any"

// node is a part of a schema: a scalar, or else one of the others.
type node struct {
	scalar     string
	list       *node
	key, value *node // of a map
	fields     map[string]*node
}

// MarshalJSON writes the form that doc.go describes. Names of fields come out sorted.
func (n *node) MarshalJSON() ([]byte, error) {
	switch {
	case n.scalar != "":
		return json.Marshal(n.scalar)
	case n.list != nil:
		return json.Marshal([]any{n.list})
	case n.value != nil:
		return json.Marshal([]any{"map", n.key, n.value})
	}
	return json.Marshal(n.fields)
}

// parse reads a schema; nil: it has another form.
func parse(s string) *node {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return nil
	}
	return build(v)
}

func build(v any) *node {
	switch v := v.(type) {
	case string:
		if !known(v) {
			v = anything
		}
		return &node{scalar: v}
	case []any:
		switch {
		case len(v) == 1:
			if of := build(v[0]); of != nil {
				return &node{list: of}
			}
		case len(v) == 3 && v[0] == "map":
			if key, value := build(v[1]), build(v[2]); key != nil && value != nil {
				return &node{key: key, value: value}
			}
		}
	case map[string]any:
		n := &node{fields: map[string]*node{}}
		for name, of := range v {
			if n.fields[name] = build(of); n.fields[name] == nil {
				return nil
			}
		}
		return n
	}
	return nil
}

// bounded is the deepest schema that keeps to the limit. at makes it with what is deeper than depth cut off, and says whether anything was.
func bounded(at func(depth int) (n *node, cut bool)) string {
	s := `"` + anything + `"`
	for depth := 1; ; depth++ {
		n, cut := at(depth)
		b, err := json.Marshal(n)
		if err != nil || len(b) > limit { // strings are all there is: no error
			return s
		}
		if s = string(b); !cut {
			return s
		}
	}
}

// cut is n without what is deeper.
func (n *node) cut(depth int) (_ *node, cut bool) {
	down := func(n *node) *node {
		d, c := n.cut(depth - 1)
		cut = cut || c
		return d
	}
	switch {
	case n.scalar != "":
		return n, false
	case depth == 0:
		return &node{scalar: anything}, true
	case n.list != nil:
		return &node{list: down(n.list)}, cut
	case n.value != nil:
		return &node{key: n.key, value: down(n.value)}, cut
	}
	fields := make(map[string]*node, len(n.fields))
	for name, f := range n.fields {
		fields[name] = down(f)
	}
	return &node{fields: fields}, cut
}
