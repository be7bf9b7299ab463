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
	all    timerTable
	queues [domains + 1]timerQueue // the last one: of those that are deferred
	runs   [domains]timerRun
	dirty  []int32

	id    []byte // scratch
	taken []byte // what the last Due refers to
	due   *dueIndex

	deferring bool // see Defer
}

// NewTimers opens the timers called name of the operator uid. Load brings back those of earlier lives.
func NewTimers(s *Store, uid, name string, opts ...HandleOption) (*Timers, error) {
	d, err := s.register(Descriptor{UID: uid, Name: name, Kind: KindTimer, ValueCodec: "none"}, opts)
	if err != nil {
		return nil, err
	}
	t := &Timers{store: s, desc: d.Descriptor}
	for d := range t.queues {
		t.queues[d].all = &t.all
	}
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
	hash := hashOf(id)
	n := t.all.find(id, hash)
	if n == unset {
		n = t.all.add(id, hash, timer{at: at, group: t.store.group})
	}
	if tm := t.all.at(n); tm.slot == unset {
		tm.domain = t.queueOf(d)
		t.queues[tm.domain].push(n)
		if t.due != nil && d == EventTime && at <= t.due.until {
			t.due.add(t, n)
		}
		t.changed(n, true)
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
	if n := t.all.find(id, hashOf(id)); n != unset && t.all.at(n).slot != unset {
		t.unset(n)
	}
	return nil
}

// Next is the time of the earliest timer of a domain.
func (t *Timers) Next(d Domain) (at int64, ok bool) { return t.queues[d].first() }

// Take unsets the earliest timer of a domain if it is due at now, and makes its key the current one. Which of several with the
// same time comes first is not defined; mostly it is the one that is first in the backend.
func (t *Timers) Take(d Domain, now int64) (due Due, ok bool) {
	at, ok := t.queues[d].first()
	if !ok || at > now {
		return Due{}, false
	}
	n := t.earliest(d)
	due = t.lend(n)
	t.store.SetKey(t.all.at(n).group, due.Key)
	t.unset(n)
	return due, true
}

// lend makes a copy of what a timer says.
func (t *Timers) lend(n int32) Due {
	tm := t.all.at(n)
	id := t.all.idOf(tm)
	_, used := binary.Uvarint(id)
	t.taken = append(t.taken[:0], id[used:]...)
	key, _ := splitTimer(id)
	k := len(key) - used
	return Due{Domain: tm.domain, At: tm.at, Key: t.taken[:k:k], Namespace: t.taken[k+timerHead:]}
}

func (t *Timers) unset(n int32) {
	tm := t.all.at(n)
	t.queues[tm.domain].remove(int(tm.slot))
	t.changed(n, false)
}

// Len is the number of timers that are set.
func (t *Timers) Len() (n int) {
	for d := range t.queues {
		n += len(t.queues[d].items)
	}
	return n
}

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

// changed books that timer n is now set or not. What the next Seal would have nothing to say about is forgotten at once, so
// that setting and deleting within an epoch leaves nothing behind.
func (t *Timers) changed(n int32, set bool) {
	tm := t.all.at(n)
	switch {
	case set != tm.saved:
		tm.dirt = int32(len(t.dirty))
		t.dirty = append(t.dirty, n)
		t.book(tm, 1)
		return
	case tm.dirt != unset:
		last := t.dirty[len(t.dirty)-1]
		t.all.at(last).dirt = tm.dirt
		t.dirty[tm.dirt] = last
		t.dirty = t.dirty[:len(t.dirty)-1]
		tm.dirt = unset
		t.book(tm, -1)
	}
	if !set {
		t.all.forget(n)
	}
}

// book counts a timer that Seal has to write; n is 1, or -1 if it need not any more.
func (t *Timers) book(tm *timer, n int) {
	t.store.dirtyCells += n
	t.store.dirtyBytes += int64(n * (int(tm.id.length) + timerBytes))
}
