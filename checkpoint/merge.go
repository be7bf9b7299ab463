package checkpoint

import (
	"bytes"

	"github.com/weirstream/weir/internal/minheap"
	"github.com/weirstream/weir/state"
)

// Next returns entries one by one; ok is false at the end.
type Next = func() (e state.Entry, ok bool, err error)

// Merge joins sorted sources, oldest first, into one sorted stream: of entries with the same key the one of the newest source counts,
// and a deleted key does not appear. Sources must not reuse the memory of entries that they returned.
func Merge(sources ...Next) Next {
	m := &merger{sources: sources}
	return m.next
}

// mergeChanges is Merge for what goes over something older: of keys that were deleted last, the deletion appears.
func mergeChanges(sources ...Next) Next {
	m := &merger{sources: sources, deletions: true}
	return m.next
}

type merger struct {
	sources []Next
	heap    []cursor // the sources' current entries: smallest key on top, the newest source first among equals
	started bool
	err     error

	deletions bool // appear
}

type cursor struct {
	entry  state.Entry
	source int
}

func (m *merger) next() (state.Entry, bool, error) {
	if !m.started {
		m.start()
	}
	for m.err == nil && len(m.heap) > 0 {
		e := m.heap[0].entry
		m.advance()
		for m.err == nil && len(m.heap) > 0 && bytes.Equal(m.heap[0].entry.Key, e.Key) {
			m.advance() // an older source's value
		}
		if m.err == nil && (m.deletions || !e.Delete) {
			return e, true, nil
		}
	}
	return state.Entry{}, false, m.err
}

func (m *merger) start() {
	m.started = true
	for i, source := range m.sources {
		e, ok, err := source()
		if err != nil {
			m.err = err
			return
		}
		if ok {
			m.heap = append(m.heap, cursor{e, i})
		}
	}
	minheap.Init(m.heap, before)
}

// advance replaces the top by its source's next entry.
func (m *merger) advance() {
	top := &m.heap[0]
	e, ok, err := m.sources[top.source]()
	if err != nil {
		m.err = err
		return
	}
	if ok {
		top.entry = e
		minheap.Fix(m.heap, before)
	} else {
		m.heap = minheap.DropTop(m.heap, before)
	}
}

func before(a, b *cursor) bool {
	if c := bytes.Compare(a.entry.Key, b.entry.Key); c != 0 {
		return c < 0
	}
	return a.source > b.source
}
