package state

import "bytes"

// Merge makes one sorted batch, each key once, of several, each sorted: where a key is in more than one, the later batch wins. So
// a backend that lags behind catches up with one write per key.
func Merge(batches ...[]Entry) []Entry {
	m := newMerger(batches)
	switch {
	case len(m.heap) == 0:
		return nil
	case len(m.heap) == 1:
		return m.heap[0].rest
	case m.disjoint():
		return m.concat()
	}
	return m.merge()
}

// cursor is what is left of a run; age orders the runs.
type cursor struct {
	rest []Entry
	age  int
}

// merger is a heap of runs, the one with the smallest key first; of equal keys the newest run first.
type merger struct {
	heap  []cursor
	total int
}

func newMerger(runs [][]Entry) *merger {
	m := &merger{heap: make([]cursor, 0, len(runs))}
	for age, r := range runs {
		if len(r) > 0 {
			m.heap = append(m.heap, cursor{r, age})
			m.total += len(r)
		}
	}
	return m
}

// disjoint says whether each run ends before the next begins, as those of one stage's tasks do, which own key groups in order.
func (m *merger) disjoint() bool {
	for i := 1; i < len(m.heap); i++ {
		before := m.heap[i-1].rest
		if bytes.Compare(before[len(before)-1].Key, m.heap[i].rest[0].Key) >= 0 {
			return false
		}
	}
	return true
}

func (m *merger) concat() []Entry {
	out := make([]Entry, 0, m.total)
	for _, c := range m.heap {
		out = append(out, c.rest...)
	}
	return out
}

func (m *merger) merge() []Entry {
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	var out []Entry
	for len(m.heap) > 0 {
		e := &m.heap[0].rest[0]
		if n := len(out); n == 0 || !bytes.Equal(out[n-1].Key, e.Key) {
			out = append(out, *e)
		}
		m.advance()
	}
	return out
}

// advance drops the first entry of the first run.
func (m *merger) advance() {
	top := &m.heap[0]
	if top.rest = top.rest[1:]; len(top.rest) == 0 {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	m.down(0)
}

func (m *merger) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(m.heap) {
			return
		}
		if r := least + 1; r < len(m.heap) && m.less(r, least) {
			least = r
		}
		if !m.less(least, i) {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func (m *merger) less(i, j int) bool {
	a, b := &m.heap[i], &m.heap[j]
	if c := bytes.Compare(a.rest[0].Key, b.rest[0].Key); c != 0 {
		return c < 0
	}
	return a.age > b.age
}
