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

// sorter sorts by key. What it needs beside the entries it keeps for the next time, unless that is much.
type sorter struct {
	keys   []sortKey
	starts []int32 // of key groups
}

// sort sorts entries where they are. Keys are unique, so stability is no question. Key groups are parted first, by counting: the rest is many
// small sorts, which stay in the processor's cache.
func (s *sorter) sort(entries []Entry) {
	s.byGroup(entries)
	for rest := s.keys; len(rest) > 0; {
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
	permute(entries, s.keys)
	if cap(s.keys) > maxIdleDirty {
		s.keys = nil
	}
}

// permute puts at i what is at keys[i].index, for all i, and spends the indices: each is where a cycle goes on.
func permute(entries []Entry, keys []sortKey) {
	for i := range keys {
		if keys[i].index < 0 {
			continue
		}
		first, at := entries[i], i
		for {
			from := int(keys[at].index)
			keys[at].index = -1
			if from == i {
				break
			}
			entries[at] = entries[from]
			at = from
		}
		entries[at] = first
	}
}

// byGroup makes the sort keys of entries, in the order of their groups.
func (s *sorter) byGroup(entries []Entry) {
	top := 0
	for i := range entries {
		top = max(top, int(binary.BigEndian.Uint16(entries[i].Key)))
	}
	s.starts = append(s.starts[:0], make([]int32, top+2)...)
	for i := range entries {
		s.starts[int(binary.BigEndian.Uint16(entries[i].Key))+1]++
	}
	for g := range top {
		s.starts[g+1] += s.starts[g]
	}
	s.keys = slices.Grow(s.keys[:0], len(entries))[:len(entries)]
	for i := range entries {
		var b [16]byte
		copy(b[:], entries[i].Key)
		k := sortKey{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]), int32(i)}
		at := &s.starts[k.hi>>48]
		s.keys[*at] = k
		*at++
	}
}

func order(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}
