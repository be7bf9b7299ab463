package state

import (
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"
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
	at := int64(binary.BigEndian.Uint64(suffix[1:]) ^ signBit)
	id := key[headLen:]
	n := t.all.add(id, hashOf(id), timer{at: at, group: group, domain: Domain(suffix[0]), saved: true})
	t.queues[suffix[0]].add(n)
	return nil
}

// seal writes an entry without a value for every timer that was set since the last time, and deletes those that were unset or taken.
func (t *Timers) seal(w *sealer, _ uint64) error {
	for _, n := range t.dirty {
		tm := t.all.at(n)
		w.group, w.id = tm.group, t.desc.ID
		tm.dirt = unset
		if tm.saved = tm.slot != unset; tm.saved {
			w.begin("", t.all.idOf(tm))
			if err := w.end(w.buf); err != nil {
				return err
			}
			continue
		}
		w.delete("", t.all.idOf(tm))
		t.all.forget(n)
	}
	t.dirty = t.dirty[:0]
	if cap(t.dirty) > maxIdleDirty {
		t.dirty = slices.Clip(t.dirty[:0:0])
	}
	t.shrink()
	return nil
}

// shrink gives the memory of many timers back when none is left.
func (t *Timers) shrink() {
	if t.all.slots <= maxIdleDirty || !t.all.empty() {
		return
	}
	t.all = timerTable{}
	t.due = nil
	for d := range t.queues {
		t.queues[d].items = nil
	}
	t.runs = [domains]timerRun{}
}

// memory is what all timers take up, with their places in queues.
func (t *Timers) memory() int64 {
	bytes := t.all.memory()
	for d := range t.queues {
		bytes += int64(cap(t.queues[d].items)) * int64(unsafe.Sizeof(queued{}))
	}
	for d := range t.runs {
		bytes += int64(cap(t.runs[d].timers)) * 4
	}
	return bytes
}

// maxIdleDirty bounds the list that is kept for the next epoch: a million timers that fire at once are rare.
const maxIdleDirty = 1 << 16

// sweep evicts nothing: timers are in memory as long as they are set.
func (t *Timers) sweep(uint64) bool { return false }

func (t *Timers) evictGone(uint64) {}

func (t *Timers) name() Descriptor { return t.desc }

func (t *Timers) fail(key []byte, err error) error { return failure(t.desc, key, err) }
