package state

import (
	"bytes"
	"slices"

	"github.com/weirstream/weir/internal/minheap"
)

// Merge makes one sorted batch, each key once, of several, each sorted: where a key is in more than one, the later batch wins. So
// a backend that lags behind catches up with one write per key.
func Merge(batches ...[]Entry) []Entry {
	runs := Runs(batches...)
	if len(runs) == 1 {
		return runs[0]
	}
	return slices.Concat(runs...)
}

// Runs is Merge without a copy where none is needed: read one after the other, the runs are the merged batch. Batches of one stage's
// tasks, each of which owns key groups that follow on each other, stay as they are.
func Runs(batches ...[]Entry) [][]Entry {
	full := slices.DeleteFunc(slices.Clone(batches), func(b []Entry) bool { return len(b) == 0 })
	runs := slices.SortedFunc(slices.Values(full), func(a, b []Entry) int { return bytes.Compare(a[0].Key, b[0].Key) })
	if disjoint(runs) {
		return runs
	}
	return [][]Entry{merge(full)}
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

// merge goes through all batches at once, none of them empty: the smallest key first, and the latest batch first among equals.
func merge(batches [][]Entry) []Entry {
	heap := make([]rest, len(batches))
	n := 0
	for i, b := range batches {
		heap[i] = rest{b, i}
		n += len(b)
	}
	minheap.Init(heap, before)
	out := make([]Entry, 0, n)
	for len(heap) > 0 {
		top := &heap[0]
		if e := &top.entries[0]; len(out) == 0 || !bytes.Equal(out[len(out)-1].Key, e.Key) {
			out = append(out, *e)
		}
		if top.entries = top.entries[1:]; len(top.entries) > 0 {
			minheap.Fix(heap, before)
		} else {
			heap = minheap.DropTop(heap, before)
		}
	}
	return out
}

// rest is what merge has not taken of a batch; it isn't empty.
type rest struct {
	entries []Entry
	batch   int
}

func before(a, b *rest) bool {
	if c := bytes.Compare(a.entries[0].Key, b.entries[0].Key); c != 0 {
		return c < 0
	}
	return a.batch > b.batch
}
