package state

import "encoding/binary"

// A key group can be vacant: the backend has no entry of this state in it, and no value in it was sealed. Then what the table does not hold
// isn't there, and a read of it costs neither a look into the backend nor a cell. Many states are like that for most keys: a threshold that
// nobody has set, or what is kept in rare cases only.
//
// It can't become wrong behind the table's back: the task owns its key groups, so whatever gets into the backend was sealed here before.

// occupancy is what a table knows of a key group.
type occupancy uint8

const (
	unasked occupancy = iota
	vacant
	occupied // for good: that all has gone again is not worth finding out
)

// occupancy is where a key group's stands.
func (t *table[T]) occupancy(group uint16) *occupancy {
	if n := int(group) + 1 - len(t.groups); n > 0 {
		t.groups = append(t.groups, make([]occupancy, n)...)
	}
	return &t.groups[group]
}

// vacant says whether a key group is. If that isn't known the backend may be asked, once.
func (t *table[T]) vacant(group uint16, ask bool) (bool, error) {
	o := t.occupancy(group)
	if *o == unasked && ask {
		prefix := binary.BigEndian.AppendUint16(nil, group)
		prefix = binary.BigEndian.AppendUint16(prefix, t.desc.ID)
		found := vacant
		err := t.store.backend.Scan(prefix, prefixEnd(prefix), func(_, _ []byte) bool { found = occupied; return false })
		if err != nil {
			return false, t.fail(prefix, err)
		}
		*o = found
	}
	return *o == vacant, nil
}
