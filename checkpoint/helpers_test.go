package checkpoint_test

import (
	"maps"
	"slices"
)

// scanOf is a scan of a backend as WriteBase wants it.
func scanOf(b *backend) func(fn func(k, v []byte) bool) error {
	data := maps.Clone(b.data)
	return func(fn func(k, v []byte) bool) error {
		for _, k := range slices.Sorted(maps.Keys(data)) {
			if !fn([]byte(k), []byte(data[k])) {
				return nil
			}
		}
		return nil
	}
}
