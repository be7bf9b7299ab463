package state

import (
	"encoding/binary"
	"unsafe"
)

// timer is one timer that is set, or one that was and whose entry Seal has to delete. Timers refer to each other by number, and to
// their ids by place: a million of them hold no pointer that the garbage collector would follow.
type timer struct {
	at     int64
	id     byteRef // an entry's key after group and state id
	slot   int32   // in its queue, or unset
	dirt   int32   // in Timers.dirty, or unset
	group  uint16
	domain Domain // whose queue it is in, deferred among them
	saved  bool   // backend or sealed entries have it
}

const unset = -1

const (
	// timerBytes is about what a timer costs beside its id: the timer, its places in index and queue.
	timerBytes = 72
	timerSlab  = 1024
)

// timerTable holds the timers of one operator and finds them by id.
type timerTable struct {
	slabs [][]timer
	slots int32 // that were ever taken
	free  []int32
	index index
	ids   byteHeap
}

func (t *timerTable) at(n int32) *timer { return &t.slabs[n/timerSlab][n%timerSlab] }

func (t *timerTable) idOf(tm *timer) []byte { return t.ids.get(tm.id) }

// find is the timer with this id and its hash, or unset.
func (t *timerTable) find(id []byte, hash uint32) int32 {
	if t.index.taken == 0 {
		return unset
	}
	for i := hash; ; i++ {
		p := *t.index.at(i)
		if p.cell == 0 {
			return unset
		}
		if p.hash == hash {
			if n := int32(p.cell - 1); string(t.idOf(t.at(n))) == string(id) {
				return n
			}
		}
	}
}

// add takes in a timer that isn't there, not set yet.
func (t *timerTable) add(id []byte, hash uint32, tm timer) int32 {
	n := t.take()
	tm.id, tm.slot, tm.dirt = t.ids.put(id), unset, unset
	*t.at(n) = tm
	t.index.add(hash, uint32(n))
	return n
}

func (t *timerTable) forget(n int32) {
	tm := t.at(n)
	id := t.idOf(tm)
	t.index.remove(hashOf(id), uint32(n))
	t.ids.release(tm.id)
	*tm = timer{slot: unset}
	t.free = append(t.free, n)
}

func (t *timerTable) take() (n int32) {
	if last := len(t.free) - 1; last >= 0 {
		n, t.free = t.free[last], t.free[:last]
		return n
	}
	if int(t.slots) == len(t.slabs)*timerSlab {
		t.slabs = append(t.slabs, make([]timer, timerSlab))
	}
	n = t.slots
	t.slots++
	return n
}

// empty says whether it holds no timer any more.
func (t *timerTable) empty() bool { return len(t.free) == int(t.slots) }

// memory is what it takes up.
func (t *timerTable) memory() int64 {
	return int64(len(t.slabs))*timerSlab*int64(unsafe.Sizeof(timer{})) + int64(len(t.index.places))*int64(unsafe.Sizeof(place{})) +
		int64(cap(t.free))*4 + t.ids.memory
}

// timerHead is the length of domain and time in an id.
const timerHead = 1 + 8

// splitTimer takes an id apart: the record's key, as it stands in an entry's, and domain, time and namespace.
func splitTimer(id []byte) (key, suffix []byte) {
	n, used := binary.Uvarint(id)
	return id[:used+int(n)], id[used+int(n):]
}
