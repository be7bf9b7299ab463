package checkpoint

import (
	"bytes"
	"slices"

	"github.com/weirstream/weir/internal/minheap"
	"github.com/weirstream/weir/state"
)

// Next returns entries one by one; ok is false at the end.
type Next = func() (e state.Entry, ok bool, err error)

const (
	mergedBlock = 512 // entries of several sources, about
	ownBlock    = 128 // entries of one source that are worth a block of their own
)

// Merge joins sorted sources, oldest first, into one: of entries with the same key the one of the newest source counts, and a deleted key does not
// appear.
func Merge(sources ...state.Blocks) state.Blocks {
	m := &merger{sources: sources}
	return m.next
}

// mergeChanges is Merge for what goes over something older: of keys that were deleted last, the deletion appears.
func mergeChanges(sources ...state.Blocks) state.Blocks {
	m := &merger{sources: sources, deletions: true}
	return m.next
}

type merger struct {
	sources []state.Blocks
	heap    []cursor // what sources have read: smallest key on top, the newest source first among equals
	started bool
	err     error

	deletions bool // appear
}

// cursor is what is left of a source's block, never empty.
type cursor struct {
	block  []state.Entry
	source int
}

func (c *cursor) key() []byte { return c.block[0].Key }

func (m *merger) next() ([]state.Entry, error) {
	if !m.started {
		m.start()
	}
	var out []state.Entry
	for m.err == nil && len(m.heap) > 0 && len(out) < mergedBlock {
		run := m.run()
		whole := len(out) == 0 && m.whole(run)
		if whole {
			out = slices.Clip(run) // as it is: mostly there is nothing over a base, or little
		} else {
			out = m.add(out, run)
		}
		if m.skip(run); whole {
			break
		}
	}
	if m.err != nil {
		return nil, m.err
	}
	return out, nil
}

func (m *merger) start() {
	m.started = true
	for i, source := range m.sources {
		block, err := source()
		if err != nil {
			m.err = err
			return
		}
		if len(block) > 0 {
			m.heap = append(m.heap, cursor{block, i})
		}
	}
	minheap.Init(m.heap, before)
}

// run is what of the top comes before all else, or its first entry alone if others have its key, too.
func (m *merger) run() []state.Entry {
	block := m.heap[0].block
	if len(m.heap) == 1 {
		return block
	}
	second := m.heap[1].key()
	if len(m.heap) > 2 && bytes.Compare(m.heap[2].key(), second) < 0 {
		second = m.heap[2].key()
	}
	n := 1 // mostly it is a few, so begin there
	for n < len(block) && bytes.Compare(block[n].Key, second) < 0 {
		n *= 2
	}
	below := n / 2
	n, _ = slices.BinarySearchFunc(block[below:min(n, len(block))], second, func(e state.Entry, key []byte) int { return bytes.Compare(e.Key, key) })
	return block[:max(1, below+n)]
}

// whole says whether a run is a block of its own, nothing of which is left out.
func (m *merger) whole(run []state.Entry) bool {
	return (len(run) >= ownBlock || len(m.heap) == 1) &&
		(m.deletions || !slices.ContainsFunc(run, func(e state.Entry) bool { return e.Delete }))
}

func (m *merger) add(out, run []state.Entry) []state.Entry {
	if out == nil {
		out = make([]state.Entry, 0, 2*mergedBlock)
	}
	for i := range run {
		if m.deletions || !run[i].Delete {
			out = append(out, run[i])
		}
	}
	return out
}

// skip goes on behind a run, and behind what older sources have of its last key.
func (m *merger) skip(run []state.Entry) {
	last := run[len(run)-1].Key
	m.advance(len(run))
	for m.err == nil && len(m.heap) > 0 && bytes.Equal(m.heap[0].key(), last) {
		m.advance(1)
	}
}

// advance leaves n entries of the top behind.
func (m *merger) advance(n int) {
	top := &m.heap[0]
	if top.block = top.block[n:]; len(top.block) == 0 {
		if top.block, m.err = m.sources[top.source](); m.err != nil {
			return
		}
	}
	if len(top.block) > 0 {
		minheap.Fix(m.heap, before)
	} else {
		m.heap = minheap.DropTop(m.heap, before)
	}
}

func before(a, b *cursor) bool {
	if c := bytes.Compare(a.key(), b.key()); c != 0 {
		return c < 0
	}
	return a.source > b.source
}
