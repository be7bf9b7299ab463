package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// TTL lets values expire: one that was not written for After is as good as absent, and is removed in the background.
type TTL struct {
	After time.Duration
	// OnRead lets reading prolong a value's life, too.
	OnRead bool
	// Domain says what time Now and Stamp are, for others.
	Domain Domain
	// Now is the present, and Stamp the time of what is read or written now, both in ms since the epoch. They may differ in event time: the
	// watermark, and the record's timestamp.
	Now, Stamp func() int64
}

// expiry is the TTL of one state. When a value was last used stands in a state of its own, so that a state can get a TTL, or lose it, and stay
// readable. What has no stamp (it is older than the TTL) gets one when it is first met.
type expiry struct {
	TTL
	ms int64
}

func newExpiry(t TTL) *expiry { return &expiry{t, t.After.Milliseconds()} }

// dead says whether something used last at stamp has expired.
func (e *expiry) dead(stamp int64) bool { return outlived(stamp, e.ms, e.Now()) }

// outlived says whether what was used last at stamp and lives for after has expired at the time now, all in ms.
func outlived(stamp, after, now int64) bool { return stamp+after <= now }

// later says whether it is later than stamp: in event time records come out of order.
func (e *expiry) later(stamp int64) bool { return e.Stamp() > stamp }

// StampName is the name of the state that holds when values of another one were last used.
func StampName(name string) string { return name + ".ttl" }

// IsStampsOf says whether d, going by its name, holds when the values of another state were last used.
func (d Descriptor) IsStampsOf(of Descriptor) bool {
	return d.UID == of.UID && d.Name == StampName(of.Name)
}

// likeStampsOf says whether it can do so, going by its form.
func (d Descriptor) likeStampsOf(of Descriptor) bool {
	kind := of.Kind
	if kind == KindReducing || kind == KindAggregating {
		kind = KindValue
	}
	return d.Kind == kind && d.ValueCodec == Int64{}.Name() && d.MapKeyCodec == of.MapKeyCodec
}

// sweeper removes what has expired. It goes round the stamps in the backend in small steps, for the task's key groups.
type sweeper struct {
	store *Store
	id    uint16 // of the stamps
	of    *expiry
	list  bool   // they are a list's: removing for one of them removes for all of their key
	next  []byte // where the round goes on; nil: at its beginning
	// remove removes the current key's entry with this suffix, if it has expired: what the overlay says counts.
	remove func(suffix []byte) error
}

// expired is a stamp that the backend says is old.
type expired struct {
	group       uint16
	key, suffix []byte
}

// HasTTL says whether Sweep has anything to do.
func (s *Store) HasTTL() bool { return len(s.sweepers) > 0 }

// Sweep looks at up to limit stamps of each state with a TTL, of the key groups from <= group < to, and removes what has expired. It goes on
// where it stopped the last time. It changes the current key. before is called before anything is removed.
func (s *Store) Sweep(from, to uint16, limit int, before func()) error {
	for _, w := range s.sweepers {
		found, err := w.scan(from, to, limit)
		for i := range found {
			if err != nil {
				break
			}
			before()
			s.SetKey(found[i].group, found[i].key)
			err = w.remove(found[i].suffix)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan collects what is old among the next stamps. Keys of other states lie between those of two key groups.
func (w *sweeper) scan(from, to uint16, limit int) (found []expired, err error) {
	first := binary.BigEndian.AppendUint16(nil, from)
	if w.next == nil || bytes.Compare(w.next, first) < 0 {
		w.next = append(first, byte(w.id>>8), byte(w.id))
	}
	for limit > 0 {
		group := binary.BigEndian.Uint16(w.next)
		if group >= to {
			w.next = nil
			return found, err
		}
		var failed error
		full := false
		prefix := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, group), w.id)
		err = w.store.backend.Scan(w.next, prefixEnd(prefix), func(key, value []byte) bool {
			if limit == 0 {
				w.next, full = append(w.next[:0], key...), true
				return false
			}
			limit--
			found, failed = w.look(found, key, value)
			return failed == nil
		})
		if err = errors.Join(err, failed); err != nil || full {
			return found, err
		}
		w.next = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, group+1), w.id)
	}
	return found, err
}

// look adds what has the stamp value at key, if that is old.
func (w *sweeper) look(found []expired, key, value []byte) ([]expired, error) {
	var e expired
	var err error
	if e.group, _, e.key, e.suffix, err = SplitKey(key); err != nil {
		return found, err
	}
	if w.list && len(e.suffix) == 0 {
		return found, nil // how many there are
	}
	if len(value) != 8 {
		return found, decodeError("ttl", value, errLength(8))
	}
	if !w.of.dead(int64(binary.BigEndian.Uint64(value) ^ signBit)) {
		return found, nil
	}
	if n := len(found); w.list && n > 0 && bytes.Equal(found[n-1].key, e.key) {
		return found, nil
	}
	e.key, e.suffix = slices.Clone(e.key), slices.Clone(e.suffix)
	return append(found, e), nil
}
