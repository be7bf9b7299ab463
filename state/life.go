package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// Life is how long what a state holds lives, for those who look at committed state from outside of its tasks. No checkpoint records it: a job may change
// it at any time.
type Life struct {
	After  time.Duration
	Domain Domain // whose time counts

	kind   Kind
	stamps uint16 // id of the state that says when what is held was last used
}

// live notes that what d holds expires. Whoever opens a state says so anew.
func (r *Registry) live(d Descriptor, stamps uint16, ttl TTL) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lives[stateName{d.UID, d.Name}] = Life{After: ttl.After, Domain: ttl.Domain, kind: d.Kind, stamps: stamps}
}

// Life returns how long what the state holds lives; false: for ever, or nobody has opened it yet.
func (r *Registry) Life(uid, name string) (Life, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.lives[stateName{uid, name}]
	return l, ok
}

// Expired says whether what a view has at an entry key of the state is as good as absent at the time now, in ms: the state's own task would not see it. Of a list
// the entry that says how many elements there are expires with the last of them.
func (l Life) Expired(view Snapshot, key []byte, now int64) (bool, error) {
	_, _, _, suffix, err := SplitKey(key)
	if err != nil {
		return false, err
	}
	head := key[:len(key)-len(suffix)]
	if l.kind != KindList {
		return l.dead(view, l.stampKey(head), suffix, now)
	}
	elements, err := listLength(view, head)
	if err != nil {
		return false, err
	}
	stamps, err := listLength(view, l.stampKey(head))
	switch {
	case err != nil:
		return false, err
	case stamps > elements: // the list had no TTL for a while: they say nothing, see List.align
		return false, nil
	case len(suffix) > 0:
		return l.dead(view, l.stampKey(head), suffix, now)
	}
	return l.allDead(view, l.stampKey(head), elements, now)
}

// stampKey is where the stamps of an entry key's record are.
func (l Life) stampKey(head []byte) []byte {
	at := bytes.Clone(head)
	binary.BigEndian.PutUint16(at[2:], l.stamps)
	return at
}

func (l Life) dead(view Snapshot, head, suffix []byte, now int64) (bool, error) {
	stamp, ok, err := lookUp(view, slices.Concat(head, suffix))
	if err != nil || !ok {
		return false, err // it is older than the TTL, and will count as used when it is first met
	}
	return l.over(stamp, now)
}

// over says whether what has this stamp has expired.
func (l Life) over(stamp []byte, now int64) (bool, error) {
	at, err := (Int64{}).Decode(stamp)
	return err == nil && outlived(at, l.After.Milliseconds(), now), err
}

// allDead says whether all of n elements have expired.
func (l Life) allDead(view Snapshot, head []byte, n uint64, now int64) (bool, error) {
	seen, all := uint64(0), true
	var failed error
	err := view.Scan(append(bytes.Clone(head), 0), prefixEnd(head), func(_, stamp []byte) bool {
		seen++
		all, failed = l.over(stamp, now)
		return all
	})
	err = cmp.Or(failed, err)
	return err == nil && all && seen == n, err
}

// listLength is how many elements the list at this entry key has.
func listLength(view Snapshot, head []byte) (uint64, error) {
	value, ok, err := lookUp(view, head)
	if err != nil || !ok {
		return 0, err
	}
	l, _, err := decodeCount[struct{}](value)
	return l.base, err
}

func lookUp(view Snapshot, key []byte) (value []byte, ok bool, err error) {
	err = view.Scan(key, append(bytes.Clone(key), 0), func(_, v []byte) bool {
		value, ok = bytes.Clone(v), true
		return false
	})
	return value, ok, err
}
