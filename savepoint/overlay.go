package savepoint

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// overlay lays sorted changes over sorted entries. A key's list is replaced as a whole, and its elements, which come with rising but arbitrary
// numbers, get their indexes.
type overlay struct {
	base, changes peeker
	lists         map[uint16]bool // ids of list states
	ready         []state.Entry   // a list that comes out
}

// peeker looks one entry ahead.
type peeker struct {
	next checkpoint.Next
	e    state.Entry
	ok   bool
	have bool
}

func (p *peeker) peek() (e state.Entry, ok bool, err error) {
	if !p.have {
		p.e, p.ok, err = p.next()
		p.have = err == nil
	}
	return p.e, p.ok, err
}

func (o *overlay) next() (state.Entry, bool, error) {
	for {
		if len(o.ready) > 0 {
			e := o.ready[0]
			o.ready = o.ready[1:]
			return e, true, nil
		}
		b, some, err := o.base.peek()
		if err != nil {
			return b, false, err
		}
		c, change, err := o.changes.peek()
		if err != nil {
			return c, false, err
		}
		switch {
		case change && o.isList(c.Key) && (!some || bytes.Compare(listPrefix(c.Key), b.Key) <= 0):
			if err := o.list(); err != nil {
				return c, false, err
			}
			continue
		case !change || some && bytes.Compare(b.Key, c.Key) < 0:
			o.base.have = false
			return b, some, nil
		case some && bytes.Equal(b.Key, c.Key):
			o.base.have = false
		}
		o.changes.have = false
		if c.Value[0] == opPut {
			return state.Entry{Key: c.Key, Value: c.Value[1:]}, true, nil
		}
	}
}

func (o *overlay) isList(key []byte) bool {
	return len(o.lists) > 0 && o.lists[binary.BigEndian.Uint16(key[2:])]
}

// listPrefix is the key of a list's length, which all its elements begin with.
func listPrefix(key []byte) []byte {
	_, _, _, suffix, err := state.SplitKey(key)
	if err != nil {
		return key // can't be: a Writer made it
	}
	return key[:len(key)-len(suffix)]
}

// list takes all changes of one list, which replace what there was.
func (o *overlay) list() error {
	c, _, _ := o.changes.peek()
	prefix := bytes.Clone(listPrefix(c.Key))
	o.ready = append(o.ready[:0:0], state.Entry{Key: prefix})
	deleted := uint64(0) // what was added up to here is deleted
	for {
		c, ok, err := o.changes.peek()
		if err != nil {
			return err
		}
		if !ok || !bytes.Equal(listPrefix(c.Key), prefix) {
			break
		}
		if c.Value[0] == opDelete { // which comes first: it has no suffix
			deleted = binary.BigEndian.Uint64(c.Value[1:])
		} else if binary.BigEndian.Uint64(c.Key[len(prefix):]) > deleted {
			key := binary.BigEndian.AppendUint64(bytes.Clone(prefix), uint64(len(o.ready)-1))
			o.ready = append(o.ready, state.Entry{Key: key, Value: c.Value[1:]})
		}
		o.changes.have = false
	}
	if n := len(o.ready) - 1; n > 0 {
		o.ready[0].Value = binary.AppendUvarint(nil, uint64(n))
	} else {
		o.ready = nil
	}
	for {
		b, ok, err := o.base.peek()
		if err != nil {
			return err
		}
		if !ok || !bytes.HasPrefix(b.Key, prefix) {
			return nil
		}
		o.base.have = false
	}
}

// kept is what of the old savepoint stays.
func (e *Edit) kept(next checkpoint.Next, replaced map[uint16]bool) checkpoint.Next {
	return func() (state.Entry, bool, error) {
		for {
			entry, ok, err := next()
			if err != nil || !ok {
				return entry, ok, err
			}
			_, id, key, _, err := state.SplitKey(entry.Key)
			if err != nil {
				return entry, false, fmt.Errorf("read %s: %w", e.base.url, err)
			}
			if !e.removed[id] && !replaced[id] && !e.deleted(id, key) {
				return entry, true, nil
			}
		}
	}
}

func (e *Edit) deleted(id uint16, key []byte) bool {
	for i := range e.deletes {
		if d := &e.deletes[i]; d.ids[id] && d.filter.key(key) {
			return true
		}
	}
	return false
}
