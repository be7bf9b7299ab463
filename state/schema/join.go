package schema

import "maps"

// Join is the schema that has the values of both. What is of another form is forgotten beside one that is not, and old beside a new one.
func Join(old, now string) string {
	switch {
	case old == now || old == "":
		return now
	case now == "":
		return old
	}
	a, b := parse(old), parse(now)
	if a == nil || b == nil {
		return now
	}
	all := join(a, b)
	return bounded(all.cut)
}

func join(a, b *node) *node {
	switch {
	case a.scalar != "" && b.scalar != "":
		return &node{scalar: both(a.scalar, b.scalar, convert)}
	case a.list != nil && b.list != nil:
		return &node{list: join(a.list, b.list)}
	case a.value != nil && b.value != nil:
		return &node{key: &node{scalar: both(a.key.scalar, b.key.scalar, convertKey)}, value: join(a.value, b.value)}
	case a.fields != nil && b.fields != nil:
		fields := maps.Clone(a.fields)
		for name, f := range b.fields {
			if old, ok := fields[name]; ok {
				f = join(old, f)
			}
			fields[name] = f
		}
		return &node{fields: fields}
	}
	return &node{scalar: anything}
}
