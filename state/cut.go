package state

import (
	"bytes"
	"sort"
)

// CutGroups returns the entries of the key groups from <= group < to. entries must be sorted by key, as Seal leaves them; the result is
// a part of them, not a copy, and appending to it does not write into the next one's.
func CutGroups(entries []Entry, from, to uint16) []Entry {
	first, end := GroupBounds(from, to)
	lower := sort.Search(len(entries), func(i int) bool { return bytes.Compare(entries[i].Key, first) >= 0 })
	upper := sort.Search(len(entries), func(i int) bool { return bytes.Compare(entries[i].Key, end) >= 0 })
	upper = max(lower, upper)
	return entries[lower:upper:upper]
}
