package state

// timerQueue is a heap of four children per node, by time. Times stand beside the pointers: most comparisons need no look at a
// timer. Timers of the same time are in no order, so that many of them, as at the end of a window, cost next to nothing.
type timerQueue struct {
	items []queued
}

type queued struct {
	at    int64
	timer *timer
}

const children = 4

func (q *timerQueue) first() (at int64, ok bool) {
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[0].at, true
}

func (q *timerQueue) push(t *timer) {
	q.add(t)
	q.up(len(q.items) - 1)
}

// add leaves the queue out of order until heapify.
func (q *timerQueue) add(t *timer) {
	t.slot = int32(len(q.items))
	q.items = append(q.items, queued{t.at, t})
}

func (q *timerQueue) heapify() {
	for i := len(q.items)/children + 1; i >= 0; i-- {
		q.down(i)
	}
}

func (q *timerQueue) remove(i int) {
	last := len(q.items) - 1
	q.items[i].timer.slot = unset
	moved := q.items[last]
	q.items[last] = queued{}
	q.items = q.items[:last]
	if i == last {
		return
	}
	q.place(i, moved)
	q.down(i)
	q.up(int(moved.timer.slot))
}

func (q *timerQueue) place(i int, it queued) {
	q.items[i] = it
	it.timer.slot = int32(i)
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
