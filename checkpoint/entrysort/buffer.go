package entrysort

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// buffer holds entries in memory.
type buffer struct {
	bytes []byte
	items []item
}

// item is an entry of the buffer. Most comparisons are decided by hi and lo, the key's first bytes. No key is empty, so a later item has a greater at.
type item struct {
	hi, lo   uint64
	at       int
	key, val int32 // lengths
}

const itemBytes = 32

func (b *buffer) add(key, value []byte) {
	var first [16]byte
	copy(first[:], key)
	b.items = append(b.items, item{binary.BigEndian.Uint64(first[:]), binary.BigEndian.Uint64(first[8:]), len(b.bytes), int32(len(key)), int32(len(value))})
	b.bytes = append(append(b.bytes, key...), value...)
}

func (b *buffer) size() int { return len(b.bytes) + itemBytes*len(b.items) }

func (b *buffer) reset() { b.bytes, b.items = b.bytes[:0], b.items[:0] }

func (b *buffer) key(i item) []byte {
	end := i.at + int(i.key)
	return b.bytes[i.at:end:end]
}

func (b *buffer) value(i item) []byte {
	at := i.at + int(i.key)
	return b.bytes[at : at+int(i.val) : at+int(i.val)]
}

// sorted orders the buffer, leaves only the last of those with the same key, and returns them one by one.
func (b *buffer) sorted() checkpoint.Next {
	slices.SortFunc(b.items, func(x, y item) int {
		if x.hi != y.hi {
			return cmp.Compare(x.hi, y.hi)
		}
		if x.lo != y.lo {
			return cmp.Compare(x.lo, y.lo)
		}
		if c := bytes.Compare(b.key(x), b.key(y)); c != 0 {
			return c
		}
		return y.at - x.at
	})
	b.items = slices.CompactFunc(b.items, func(x, y item) bool {
		return x.hi == y.hi && x.lo == y.lo && bytes.Equal(b.key(x), b.key(y))
	})
	next := 0
	return func() (e state.Entry, ok bool, err error) {
		if next == len(b.items) {
			return e, false, nil
		}
		i := b.items[next]
		next++
		return state.Entry{Key: b.key(i), Value: b.value(i)}, true, nil
	}
}
