package state

import (
	"bytes"
	"slices"
)

// Merge makes one sorted batch, each key once, of several, each sorted: where a key is in more than one, the later batch wins. So
// a backend that lags behind catches up with one write per key.
func Merge(batches ...[]Entry) []Entry { return concat(Runs(batches...)) }

// Runs is Merge without a copy where none is needed: read one after the other, the runs are the merged batch. Batches of one stage's
// tasks, each of which owns key groups that follow on each other, stay as they are.
func Runs(batches ...[]Entry) [][]Entry {
	runs := slices.DeleteFunc(slices.Clone(batches), func(b []Entry) bool { return len(b) == 0 })
	slices.SortFunc(runs, func(a, b []Entry) int { return bytes.Compare(a[0].Key, b[0].Key) })
	if disjoint(runs) {
		return runs
	}
	return [][]Entry{merge(batches)}
}

// disjoint says whether each batch ends before the next begins.
func disjoint(batches [][]Entry) bool {
	for i := 1; i < len(batches); i++ {
		before := batches[i-1]
		if bytes.Compare(before[len(before)-1].Key, batches[i][0].Key) >= 0 {
			return false
		}
	}
	return true
}

func concat(batches [][]Entry) []Entry {
	if len(batches) == 1 {
		return batches[0]
	}
	var out []Entry
	if n := count(batches); n > 0 {
		out = make([]Entry, 0, n)
	}
	for _, b := range batches {
		out = append(out, b...)
	}
	return out
}

func count(batches [][]Entry) (n int) {
	for _, b := range batches {
		n += len(b)
	}
	return n
}

// merge goes through all batches at once, by a binary heap of what is left of them: the smallest key on top, the latest batch first among equals.
func merge(batches [][]Entry) []Entry {
	var heap []rest
	for i, b := range batches {
		if len(b) > 0 {
			heap = append(heap, rest{b, i})
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		down(heap, i)
	}
	out := make([]Entry, 0, count(batches))
	for len(heap) > 0 {
		top := &heap[0]
		if e := &top.entries[0]; len(out) == 0 || !bytes.Equal(out[len(out)-1].Key, e.Key) {
			out = append(out, *e)
		}
		if top.entries = top.entries[1:]; len(top.entries) == 0 {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		}
		down(heap, 0)
	}
	return out
}

// rest is what merge has not taken of a batch; it isn't empty.
type rest struct {
	entries []Entry
	batch   int
}

func (r *rest) before(other *rest) bool {
	if c := bytes.Compare(r.entries[0].Key, other.entries[0].Key); c != 0 {
		return c < 0
	}
	return r.batch > other.batch
}

func down(heap []rest, i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(heap); c++ {
			if heap[c].before(&heap[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}
