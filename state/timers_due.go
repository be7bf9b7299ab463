package state

import "bytes"

// dueIndex finds due timers of event time by their key, while not all of them have fired. It is built when the first key is asked for:
// a list for each hash of a key.
type dueIndex struct {
	until int64
	heads map[uint32]int32 // the first node, plus 1
	nodes []dueNode
}

type dueNode struct {
	timer int32
	next  int32 // plus 1
}

// Due counts the timers of a domain that are due at now, but not further than limit.
func (t *Timers) Due(d Domain, now int64, limit int) (n int) {
	t.queues[d].each(now, func(int32) bool { n++; return n < limit })
	return n
}

// TakeOf unsets the earliest timer of event time of the current key, if it is due at until. Calls for the same until cost little but
// the first one, up to EndTakeOf.
func (t *Timers) TakeOf(until int64) (due Due, ok bool) {
	if t.due == nil || t.due.until != until {
		t.indexDue(until)
	}
	key := t.store.key[headLen:]
	first := int32(unset)
	for i := t.due.heads[hashOf(key)]; i > 0; i = t.due.nodes[i-1].next {
		n := t.due.nodes[i-1].timer
		// A timer that was unset since may be another one by now: what it is counts.
		tm := t.all.at(n)
		if tm.slot == unset || tm.at > until || tm.domain != EventTime || !bytes.HasPrefix(t.all.idOf(tm), key) {
			continue
		}
		if first == unset || tm.at < t.all.at(first).at {
			first = n
		}
	}
	if first == unset {
		return Due{}, false
	}
	due = t.lend(first)
	t.unset(first)
	return due, true
}

// EndTakeOf lets go of what TakeOf needs.
func (t *Timers) EndTakeOf() { t.due = nil }

func (t *Timers) indexDue(until int64) {
	t.due = &dueIndex{until: until, heads: map[uint32]int32{}}
	t.queues[EventTime].each(until, func(n int32) bool { t.due.add(t, n); return true })
}

func (x *dueIndex) add(t *Timers, n int32) {
	key, _ := splitTimer(t.all.idOf(t.all.at(n)))
	hash := hashOf(key)
	x.nodes = append(x.nodes, dueNode{n, x.heads[hash]})
	x.heads[hash] = int32(len(x.nodes))
}

// each calls visit with every timer that is due at now, in no order, until it returns false.
func (q *timerQueue) each(now int64, visit func(int32) bool) {
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
