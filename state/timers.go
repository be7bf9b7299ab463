package state

import (
	"encoding/binary"
	"fmt"
)

// Domain is the time that a timer goes by.
type Domain uint8

// The domains. Their numbers are part of entries' keys.
const (
	ProcessingTime Domain = iota // the clock of the machine, ms since the epoch
	EventTime                    // watermarks, ms since the epoch
	domains
)

func (d Domain) String() string {
	switch d {
	case ProcessingTime:
		return "processing time"
	case EventTime:
		return "event time"
	}
	return fmt.Sprintf("Domain(%d)", uint8(d))
}

// Due is a timer that was taken. Its slices are valid until the next call of a method.
type Due struct {
	Domain    Domain
	At        int64
	Key       []byte // of the record; the Store's current key by now
	Namespace []byte
}

// Timers are the timers of one operator: for each key a set of (domain, time, namespace). Setting one that is set already
// changes nothing. Unlike other state all of them are in memory, in a queue for each domain, because the earliest one must be known
// without a search; entries carry them from one life to the next.
type Timers struct {
	store  *Store
	desc   Descriptor
	byID   map[string]*timer
	queues [domains]timerQueue
	dirty  []*timer

	slabs [][]timer
	free  []*timer
	id    []byte // scratch
	taken []byte // what the last Due refers to
	due   *dueIndex
}

// timer is one timer that is set, or one that was and whose entry Seal has to delete.
type timer struct {
	id    string // an entry's key after group and state id
	at    int64
	slot  int32 // in its queue, or unset
	dirt  int32 // in Timers.dirty, or unset
	group uint16
	saved bool // backend or sealed entries have it
}

const unset = -1

// timerBytes is about what a timer costs beside its id: the timer, its places in map and queue.
const timerBytes = 100

// NewTimers opens the timers called name of the operator uid. Load brings back those of earlier lives.
func NewTimers(s *Store, uid, name string, opts ...HandleOption) (*Timers, error) {
	d, err := s.register(Descriptor{UID: uid, Name: name, Kind: KindTimer, ValueCodec: "none"}, opts)
	if err != nil {
		return nil, err
	}
	t := &Timers{store: s, desc: d.Descriptor, byID: map[string]*timer{}}
	s.tables = append(s.tables, t)
	return t, nil
}

// Set sets a timer for the current key. One whose time has come already is due at once.
func (t *Timers) Set(d Domain, at int64, namespace []byte) error {
	t.store.touched++
	id, err := t.identify(d, at, namespace)
	if err != nil {
		return err
	}
	tm, ok := t.byID[string(id)]
	if !ok {
		tm = t.take()
		*tm = timer{id: string(id), at: at, slot: unset, dirt: unset, group: t.store.group}
		t.byID[tm.id] = tm
	}
	if tm.slot == unset {
		t.queues[d].push(tm)
		if t.due != nil && d == EventTime && at <= t.due.until {
			t.due.add(tm)
		}
		t.changed(tm, true)
	}
	return nil
}

// Delete unsets a timer of the current key; nothing happens if it isn't set.
func (t *Timers) Delete(d Domain, at int64, namespace []byte) error {
	t.store.touched++
	id, err := t.identify(d, at, namespace)
	if err != nil {
		return err
	}
	if tm, ok := t.byID[string(id)]; ok && tm.slot != unset {
		t.queues[d].remove(int(tm.slot))
		t.changed(tm, false)
	}
	return nil
}

// Next is the time of the earliest timer of a domain.
func (t *Timers) Next(d Domain) (at int64, ok bool) { return t.queues[d].first() }

// Take unsets the earliest timer of a domain if it is due at now, and makes its key the current one. Which of several with the
// same time comes first is not defined.
func (t *Timers) Take(d Domain, now int64) (due Due, ok bool) {
	at, ok := t.queues[d].first()
	if !ok || at > now {
		return Due{}, false
	}
	tm := t.queues[d].items[0].timer
	n, used := binary.Uvarint([]byte(tm.id[:min(len(tm.id), binary.MaxVarintLen64)]))
	t.taken = append(t.taken[:0], tm.id[used:]...)
	due = Due{Domain: d, At: at, Key: t.taken[:n:n], Namespace: t.taken[n+timerHead:]}
	t.store.SetKey(tm.group, due.Key)
	t.queues[d].remove(0)
	t.changed(tm, false)
	return due, true
}

// Len is the number of timers that are set.
func (t *Timers) Len() (n int) {
	for d := range t.queues {
		n += len(t.queues[d].items)
	}
	return n
}

// suffix is domain, time and namespace.
func (tm *timer) suffix() string {
	n, used := binary.Uvarint([]byte(tm.id[:min(len(tm.id), binary.MaxVarintLen64)]))
	return tm.id[used+int(n):]
}

// timerHead is the length of domain and time in an id.
const timerHead = 1 + 8

// identify puts together the id of a timer of the current key.
func (t *Timers) identify(d Domain, at int64, namespace []byte) ([]byte, error) {
	s := t.store
	if !s.keyed {
		return nil, fmt.Errorf("state %s: %w", t.desc.label(), ErrNoKey)
	}
	if d >= domains {
		return nil, fmt.Errorf("state %s: there is no %v", t.desc.label(), d)
	}
	id := append(append(t.id[:0], s.key[headLen:]...), byte(d))
	id = binary.BigEndian.AppendUint64(id, uint64(at)^signBit)
	t.id = append(id, namespace...)
	return t.id, nil
}

// changed books that tm is now set or not. What the next Seal would have nothing to say about is forgotten at once, so
// that setting and deleting within an epoch leaves nothing behind.
func (t *Timers) changed(tm *timer, set bool) {
	switch {
	case set != tm.saved:
		tm.dirt = int32(len(t.dirty))
		t.dirty = append(t.dirty, tm)
		t.book(tm, 1)
		return
	case tm.dirt != unset:
		last := t.dirty[len(t.dirty)-1]
		last.dirt = tm.dirt
		t.dirty[tm.dirt] = last
		t.dirty[len(t.dirty)-1] = nil
		t.dirty = t.dirty[:len(t.dirty)-1]
		tm.dirt = unset
		t.book(tm, -1)
	}
	if !set {
		t.forget(tm)
	}
}

// book counts a timer that Seal has to write; n is 1, or -1 if it need not any more.
func (t *Timers) book(tm *timer, n int) {
	t.store.dirtyCells += n
	t.store.dirtyBytes += int64(n * (len(tm.id) + timerBytes))
}

func (t *Timers) forget(tm *timer) {
	delete(t.byID, tm.id)
	*tm = timer{}
	t.free = append(t.free, tm)
}

func (t *Timers) take() *timer {
	if len(t.free) == 0 {
		slab := make([]timer, slabCells)
		t.slabs = append(t.slabs, slab)
		for i := range slab {
			t.free = append(t.free, &slab[i])
		}
	}
	tm := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	return tm
}
