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

// sortEntries sorts by key. Keys are unique, so stability is no question.
func sortEntries(entries []Entry) {
	keys := make([]sortKey, len(entries))
	for i, e := range entries {
		var b [16]byte
		copy(b[:], e.Key)
		keys[i] = sortKey{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]), int32(i)}
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		switch {
		case a.hi != b.hi:
			return order(a.hi, b.hi)
		case a.lo != b.lo:
			return order(a.lo, b.lo)
		}
		return bytes.Compare(entries[a.index].Key, entries[b.index].Key)
	})
	sorted := make([]Entry, len(entries))
	for i, k := range keys {
		sorted[i] = entries[k.index]
	}
	copy(entries, sorted)
}

func order(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// Merge makes one sorted batch, each key once, of several, each sorted: where a key is in more than one, the later batch wins. So
// a backend that lags behind catches up with one write per key.
func Merge(batches ...[]Entry) []Entry {
	for len(batches) > 1 {
		half := make([][]Entry, 0, (len(batches)+1)/2)
		for i := 0; i+1 < len(batches); i += 2 {
			half = append(half, mergeTwo(batches[i], batches[i+1]))
		}
		if len(batches)%2 == 1 {
			half = append(half, batches[len(batches)-1])
		}
		batches = half
	}
	if len(batches) == 0 {
		return nil
	}
	return batches[0]
}

func mergeTwo(older, newer []Entry) []Entry {
	if len(older) == 0 {
		return newer
	}
	if len(newer) == 0 {
		return older
	}
	merged := make([]Entry, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		c := bytes.Compare(older[0].Key, newer[0].Key)
		if c < 0 {
			merged, older = append(merged, older[0]), older[1:]
			continue
		}
		if c == 0 {
			older = older[1:]
		}
		merged, newer = append(merged, newer[0]), newer[1:]
	}
	return append(append(merged, older...), newer...)
}
