package state

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Load reads the timers of the key groups from <= group < to from the backend: all that the task is to have, and before any is set.
func (t *Timers) Load(from, to uint16) error {
	for g := from; g < to; g++ {
		lower := binary.BigEndian.AppendUint16(nil, g)
		lower = binary.BigEndian.AppendUint16(lower, t.desc.ID)
		var failed error
		err := t.store.backend.Scan(lower, prefixEnd(lower), func(key, _ []byte) bool {
			failed = t.restore(key)
			return failed == nil
		})
		if err = errors.Join(err, failed); err != nil {
			return t.fail(lower, err)
		}
	}
	for d := range t.queues {
		t.queues[d].heapify()
	}
	return nil
}

// restore takes a timer from the key of its entry. The queues are put in order afterwards.
func (t *Timers) restore(key []byte) error {
	group, _, _, suffix, err := SplitKey(key)
	if err != nil {
		return err
	}
	if len(suffix) < timerHead || suffix[0] >= byte(domains) {
		return t.fail(key, errors.New("it is no timer"))
	}
	tm := t.take()
	at := int64(binary.BigEndian.Uint64(suffix[1:]) ^ signBit)
	*tm = timer{id: string(key[headLen:]), at: at, dirt: unset, group: group, saved: true}
	t.byID[tm.id] = tm
	t.queues[suffix[0]].add(tm)
	return nil
}

// seal writes an entry without a value for every timer that was set since the last time, and deletes those that were unset or taken.
func (t *Timers) seal(w *sealer, _ uint64) error {
	for _, tm := range t.dirty {
		w.group, w.id = tm.group, t.desc.ID
		tm.dirt = unset
		if tm.saved = tm.slot != unset; tm.saved {
			w.begin(tm.id, nil)
			if err := w.end(w.buf); err != nil {
				return err
			}
			continue
		}
		w.delete(tm.id, nil)
		t.forget(tm)
	}
	clear(t.dirty)
	t.dirty = t.dirty[:0]
	if cap(t.dirty) > maxIdleDirty {
		t.dirty = slices.Clip(t.dirty[:0:0])
	}
	return nil
}

// maxIdleDirty bounds the list that is kept for the next epoch: a million timers that fire at once are rare.
const maxIdleDirty = 1 << 16

// sweep evicts nothing: timers are in memory as long as they are set.
func (t *Timers) sweep(uint64) bool { return false }

func (t *Timers) name() Descriptor { return t.desc }

func (t *Timers) fail(key []byte, err error) error { return failure(t.desc, key, err) }
