package state

// timerQueue is a heap of four children per node, by time. Times stand beside the timers' numbers: most comparisons need no look at
// a timer. Timers of the same time are in no order, so that many of them, as at the end of a window, cost next to nothing.
type timerQueue struct {
	items []queued
	all   *timerTable
}

type queued struct {
	at    int64
	timer int32
}

const children = 4

func (q *timerQueue) first() (at int64, ok bool) {
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[0].at, true
}

func (q *timerQueue) push(t int32) {
	q.add(t)
	q.up(len(q.items) - 1)
}

// add leaves the queue out of order until heapify.
func (q *timerQueue) add(t int32) {
	tm := q.all.at(t)
	tm.slot = int32(len(q.items))
	q.items = append(q.items, queued{tm.at, t})
}

func (q *timerQueue) heapify() {
	for i := len(q.items)/children + 1; i >= 0; i-- {
		q.down(i)
	}
}

func (q *timerQueue) remove(i int) {
	last := len(q.items) - 1
	q.all.at(q.items[i].timer).slot = unset
	moved := q.items[last]
	q.items = q.items[:last]
	if i == last {
		return
	}
	q.place(i, moved)
	q.down(i)
	q.up(int(q.all.at(moved.timer).slot))
}

func (q *timerQueue) place(i int, it queued) {
	q.items[i] = it
	q.all.at(it.timer).slot = int32(i)
}

func (q *timerQueue) up(i int) {
	it := q.items[i]
	for i > 0 {
		parent := (i - 1) / children
		if q.items[parent].at <= it.at {
			break
		}
		q.place(i, q.items[parent])
		i = parent
	}
	q.place(i, it)
}

func (q *timerQueue) down(i int) {
	if i >= len(q.items) {
		return
	}
	it := q.items[i]
	for {
		least, at := unset, it.at
		first := i*children + 1
		for c := first; c < min(first+children, len(q.items)); c++ {
			if q.items[c].at < at {
				least, at = c, q.items[c].at
			}
		}
		if least == unset {
			break
		}
		q.place(i, q.items[least])
		i = least
	}
	q.place(i, it)
}

// several says whether more than one timer has the earliest time.
func (q *timerQueue) several() bool {
	for c := 1; c <= min(children, len(q.items)-1); c++ {
		if q.items[c].at == q.items[0].at {
			return true
		}
	}
	return false
}

// at lists the timers that have the earliest time, in no order: they are the heap's top.
func (q *timerQueue) at(at int64) []int32 {
	found := []int32{0} // places at first
	for i := 0; i < len(found); i++ {
		first := int(found[i])*children + 1
		for c := first; c < min(first+children, len(q.items)); c++ {
			if q.items[c].at == at {
				found = append(found, int32(c))
			}
		}
		found[i] = q.items[found[i]].timer
	}
	return found
}
