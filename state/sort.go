package state

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// sortKey stands for an entry while sorting: most comparisons are decided by the first 16 bytes, without following a pointer.
type sortKey struct {
	hi, lo uint64
	index  int32
}

// sortEntries sorts by key. Keys are unique, so stability is no question. Key groups are parted first, by counting: the rest is many
// small sorts, which stay in the processor's cache.
func sortEntries(entries []Entry) []Entry {
	keys := byGroup(entries)
	for rest := keys; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].hi>>48 == rest[0].hi>>48 {
			n++
		}
		slices.SortFunc(rest[:n], func(a, b sortKey) int {
			switch {
			case a.hi != b.hi:
				return order(a.hi, b.hi)
			case a.lo != b.lo:
				return order(a.lo, b.lo)
			}
			return bytes.Compare(entries[a.index].Key, entries[b.index].Key)
		})
		rest = rest[n:]
	}
	sorted := make([]Entry, len(entries))
	for i := range keys {
		sorted[i] = entries[keys[i].index]
	}
	return sorted
}

// byGroup makes the sort keys of entries, in the order of their groups.
func byGroup(entries []Entry) []sortKey {
	top := 0
	for i := range entries {
		top = max(top, int(binary.BigEndian.Uint16(entries[i].Key)))
	}
	starts := make([]int32, top+2)
	for i := range entries {
		starts[int(binary.BigEndian.Uint16(entries[i].Key))+1]++
	}
	for g := range top {
		starts[g+1] += starts[g]
	}
	keys := make([]sortKey, len(entries))
	for i := range entries {
		var b [16]byte
		copy(b[:], entries[i].Key)
		k := sortKey{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]), int32(i)}
		at := &starts[k.hi>>48]
		keys[*at] = k
		*at++
	}
	return keys
}

func order(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}
