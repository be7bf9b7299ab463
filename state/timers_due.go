package state

import (
	"encoding/binary"
	"strings"
)

// dueIndex finds due timers of event time by their key, while not all of them have fired. It is built when the first key is asked for:
// a list for each hash of a key.
type dueIndex struct {
	until int64
	heads map[uint32]int32 // the first node, plus 1
	nodes []dueNode
}

type dueNode struct {
	timer *timer
	next  int32 // plus 1
}

// Due counts the timers of a domain that are due at now, but not further than limit.
func (t *Timers) Due(d Domain, now int64, limit int) (n int) {
	t.queues[d].each(now, func(*timer) bool { n++; return n < limit })
	return n
}

// TakeOf unsets the earliest timer of event time of the current key, if it is due at until. Calls for the same until cost little but
// the first one, up to EndTakeOf.
func (t *Timers) TakeOf(until int64) (due Due, ok bool) {
	if t.due == nil || t.due.until != until {
		t.indexDue(until)
	}
	key := string(t.store.key[headLen:])
	var first *timer
	for i := t.due.heads[hashOfString(key)]; i > 0; i = t.due.nodes[i-1].next {
		tm := t.due.nodes[i-1].timer
		// A timer that was unset since may be another one by now: what it is counts.
		if tm.slot == unset || tm.at > until || !strings.HasPrefix(tm.id, key) || Domain(tm.id[len(key)]) != EventTime {
			continue
		}
		if first == nil || tm.at < first.at {
			first = tm
		}
	}
	if first == nil {
		return Due{}, false
	}
	_, used := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
	t.taken = append(t.taken[:0], first.id[used:]...)
	n := len(key) - used
	due = Due{Domain: EventTime, At: first.at, Key: t.taken[:n:n], Namespace: t.taken[n+timerHead:]}
	t.queues[EventTime].remove(int(first.slot))
	t.changed(first, false)
	return due, true
}

// EndTakeOf lets go of what TakeOf needs.
func (t *Timers) EndTakeOf() { t.due = nil }

func (t *Timers) indexDue(until int64) {
	t.due = &dueIndex{until: until, heads: map[uint32]int32{}}
	t.queues[EventTime].each(until, func(tm *timer) bool { t.due.add(tm); return true })
}

func (x *dueIndex) add(tm *timer) {
	hash := hashOfString(tm.id[:len(tm.id)-len(tm.suffix())])
	x.nodes = append(x.nodes, dueNode{tm, x.heads[hash]})
	x.heads[hash] = int32(len(x.nodes))
}

// each calls visit with every timer that is due at now, in no order, until it returns false.
func (q *timerQueue) each(now int64, visit func(*timer) bool) {
	left := []int{0}
	for len(left) > 0 {
		i := left[len(left)-1]
		left = left[:len(left)-1]
		if i >= len(q.items) || q.items[i].at > now {
			continue
		}
		if !visit(q.items[i].timer) {
			return
		}
		for c := i*children + 1; c <= i*children+children; c++ {
			left = append(left, c)
		}
	}
}
