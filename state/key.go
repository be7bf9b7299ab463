package state

import (
	"encoding/binary"
	"fmt"
)

// headLen is the length of what stands before the record's key: group and state id.
const headLen = 4

// AppendKey appends the key under which the state with this id keeps what belongs to a record's key.
func AppendKey(dst []byte, group, id uint16, key []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, group)
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

// SplitKey takes an entry's key apart; key and suffix alias it.
func SplitKey(entry []byte) (group, id uint16, key, suffix []byte, err error) {
	if len(entry) <= headLen {
		return 0, 0, nil, nil, fmt.Errorf("state key %s: too short", excerpt(entry))
	}
	n, used := binary.Uvarint(entry[headLen:])
	rest := entry[headLen+max(used, 0):]
	if used <= 0 || n > uint64(len(rest)) {
		return 0, 0, nil, nil, fmt.Errorf("state key %s: the record's key is cut short", excerpt(entry))
	}
	return binary.BigEndian.Uint16(entry), binary.BigEndian.Uint16(entry[2:]), rest[:n], rest[n:], nil
}

// GroupBounds are the bounds of a scan over all states of the key groups from <= group < to.
func GroupBounds(from, to uint16) (lower, upper []byte) {
	return binary.BigEndian.AppendUint16(nil, from), binary.BigEndian.AppendUint16(nil, to)
}

// prefixEnd is the least key above all keys that start with prefix; nil if there is none.
func prefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// excerpt shows bytes in an error, which must stay readable whatever they are.
func excerpt(b []byte) string {
	const most = 32
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}
