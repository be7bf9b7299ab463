package state

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// timerRun is timers of one time, in the order of their entries' keys: those that fire one after the other are then neighbours in the
// backend, and so is all other state of their keys. At the end of a window that is read, and deleted, in whole stretches rather than at random.
//
// It is a plan and no more: a timer of it may have been unset, or be another one by now. One that is set for the same time later comes
// in the next run.
type timerRun struct {
	at     int64
	timers []int32   // still to come, by key group
	sorted int       // so many of them are in order
	keys   []sortKey // scratch
}

// shortRun is sorted at once; in a longer one each key group is, when its turn comes, so that nobody waits for all.
const shortRun = 1024

// earliest is one of the earliest timers of a domain, which has one.
func (t *Timers) earliest(d Domain) int32 {
	q, r := &t.queues[d], &t.runs[d]
	at := q.items[0].at
	if n := t.nextOf(r, d, at); n != unset {
		return n
	}
	// An earlier one may have been set meanwhile: the run goes on after it.
	if len(r.timers) > 0 || !q.several() {
		return q.items[0].timer
	}
	t.plan(r, q.at(at))
	r.at = at
	return t.nextOf(r, d, at)
}

// nextOf takes the next timer out of a run, if it is one for that time.
func (t *Timers) nextOf(r *timerRun, d Domain, at int64) int32 {
	if r.at < at {
		r.timers, r.sorted = nil, 0
	}
	if r.at != at {
		return unset
	}
	for len(r.timers) > 0 {
		if r.sorted == 0 {
			t.sortGroup(r)
		}
		n := r.timers[0]
		r.timers = r.timers[1:]
		r.sorted--
		if tm := t.all.at(n); tm.slot != unset && tm.at == at && tm.domain == d {
			return n
		}
	}
	r.timers = nil
	return unset
}

// plan makes a run of timers.
func (t *Timers) plan(r *timerRun, timers []int32) {
	r.timers, r.sorted = timers, 0
	if len(timers) <= shortRun {
		slices.SortFunc(timers, func(a, b int32) int {
			x, y := t.all.at(a), t.all.at(b)
			if x.group != y.group {
				return int(x.group) - int(y.group)
			}
			return bytes.Compare(t.all.idOf(x), t.all.idOf(y))
		})
		r.sorted = len(timers)
		return
	}
	var top uint16
	for _, n := range timers {
		top = max(top, t.all.at(n).group)
	}
	starts := make([]int32, int(top)+2)
	for _, n := range timers {
		starts[t.all.at(n).group+1]++
	}
	for g := range top {
		starts[g+1] += starts[g]
	}
	r.timers = make([]int32, len(timers))
	for _, n := range timers {
		at := &starts[t.all.at(n).group]
		r.timers[*at] = n
		*at++
	}
}

// sortGroup puts the first key group of a run in order.
func (t *Timers) sortGroup(r *timerRun) {
	group := t.all.at(r.timers[0]).group
	r.keys = r.keys[:0]
	for _, n := range r.timers {
		tm := t.all.at(n)
		if tm.group != group {
			break
		}
		var b [16]byte
		copy(b[:], t.all.idOf(tm))
		r.keys = append(r.keys, sortKey{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]), n})
	}
	slices.SortFunc(r.keys, func(a, b sortKey) int {
		switch {
		case a.hi != b.hi:
			return order(a.hi, b.hi)
		case a.lo != b.lo:
			return order(a.lo, b.lo)
		}
		return bytes.Compare(t.all.idOf(t.all.at(a.index)), t.all.idOf(t.all.at(b.index)))
	})
	for i, k := range r.keys {
		r.timers[i] = k.index
	}
	if r.sorted = len(r.keys); cap(r.keys) > maxIdleDirty {
		r.keys = nil
	}
}
