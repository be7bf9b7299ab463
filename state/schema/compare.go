package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is what is not the same in another schema, for people to read: each with the place, such as items[].price.
type Change struct {
	Broken  []string // values that can't be read
	Doubts  []string // values that may be misread
	Removed []string // fields that are read no more
}

// Compare says how values of the schema old are read by a type of the schema now.
func Compare(old, now string) (c Change) {
	if old == now {
		return c
	}
	if a, b := parse(old), parse(now); a != nil && b != nil {
		c.compare("", a, b)
	}
	return c
}

// Likeness says how far values of the schema s look like those of another: 3 it is the same, 2 they are read whole, 1 but for fields that nothing is there for now; 0 it is
// another one, or one of the two is of another form.
func Likeness(s, of string) int {
	c := Compare(s, of)
	switch {
	case s == of && s != "":
		return 3
	case !Known(s) || !Known(of) || len(c.Broken)+len(c.Doubts) > 0:
		return 0
	case len(c.Removed) > 0:
		return 1
	}
	return 2
}

// Known says whether s is a schema of this package.
func Known(s string) bool { return parse(s) != nil }

func (c *Change) compare(at string, a, b *node) {
	switch {
	case a.scalar == anything || b.scalar == anything:
	case a.scalar != "" && b.scalar != "":
		c.note(at, a, b, convert(a.scalar, b.scalar))
	case a.list != nil && b.list != nil:
		c.compare(at+"[]", a.list, b.list)
	case a.value != nil && b.value != nil:
		c.note(at+" (keys)", a.key, b.key, convertKey(a.key.scalar, b.key.scalar))
		c.compare(at+"{}", a.value, b.value)
	case a.fields != nil && b.fields != nil:
		c.compareFields(at, a, b)
	default:
		c.note(at, a, b, broken)
	}
}

func (c *Change) compareFields(at string, a, b *node) {
	var gone, added []string
	read := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(a.fields)) {
		place := strings.TrimPrefix(at+"."+name, ".")
		into, ok := b.fieldFor(name)
		if !ok {
			gone = append(gone, place)
			continue
		}
		read[into] = true
		c.compare(place, a.fields[name], b.fields[into])
	}
	for _, name := range slices.Sorted(maps.Keys(b.fields)) {
		if !read[name] {
			added = append(added, strings.TrimPrefix(at+"."+name, "."))
		}
	}
	c.Removed = append(c.Removed, gone...)
	if len(gone) > 0 && len(added) > 0 {
		c.Doubts = append(c.Doubts, fmt.Sprintf("%s: gone, and new: %s (a field with another name is not read)", strings.Join(gone, ", "), strings.Join(added, ", ")))
	}
}

// fieldFor is the field that encoding/json reads name into: one of this name, or else one that only has other cases of letters.
func (n *node) fieldFor(name string) (string, bool) {
	if _, ok := n.fields[name]; ok {
		return name, true
	}
	for _, other := range slices.Sorted(maps.Keys(n.fields)) {
		if strings.EqualFold(name, other) {
			return other, true
		}
	}
	return "", false
}

func (c *Change) note(at string, a, b *node, v verdict) {
	what := fmt.Sprintf("%s: %s, was %s", cmp.Or(at, "the value"), b, a)
	switch v {
	case broken:
		c.Broken = append(c.Broken, what)
	case doubtful:
		c.Doubts = append(c.Doubts, what)
	}
}

// String is what a part is, in a word.
func (n *node) String() string {
	switch {
	case n.scalar != "":
		return n.scalar
	case n.list != nil:
		return "list"
	case n.value != nil:
		return "map"
	}
	return "struct"
}
