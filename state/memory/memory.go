// Package memory is the state backend that forgets: for tests, for demonstrations, and for jobs whose state is small enough to
// be replayed from the checkpoint store at every start.
//
// The tree is never changed once it is published: Apply changes a copy that shares all nodes that it doesn't touch. So readers
// take no lock, and a snapshot costs nothing.
package memory

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/google/btree"

	"github.com/weirstream/weir/state"
)

const degree = 32

type item struct{ key, value []byte }

func less(a, b item) bool { return bytes.Compare(a.key, b.key) < 0 }

// view is one published state. Its tree is only ever read.
type view struct {
	tree   *btree.BTreeG[item]
	marker string
	size   int64
}

func newView() *view { return &view{tree: btree.NewG(degree, less)} }

// Backend is a state.Backend in memory.
type Backend struct {
	mu      sync.Mutex // held by writers
	current atomic.Pointer[view]
}

var _ state.Backend = (*Backend)(nil)

// New is empty.
func New() *Backend {
	b := &Backend{}
	b.current.Store(newView())
	return b
}

func (b *Backend) view() (*view, error) {
	if v := b.current.Load(); v != nil {
		return v, nil
	}
	return nil, state.ErrClosed
}

// Get implements state.Backend.
func (b *Backend) Get(key, dst []byte) ([]byte, bool, error) {
	v, err := b.view()
	if err != nil {
		return dst, false, err
	}
	it, ok := v.tree.Get(item{key: key})
	return append(dst, it.value...), ok, nil
}

// Scan implements state.Backend.
func (b *Backend) Scan(lower, upper []byte, fn func(key, value []byte) bool) error {
	v, err := b.view()
	if err == nil {
		v.scan(lower, upper, fn)
	}
	return err
}

func (v *view) scan(lower, upper []byte, fn func(key, value []byte) bool) {
	visit := func(it item) bool { return fn(it.key, it.value) }
	if len(upper) == 0 {
		v.tree.AscendGreaterOrEqual(item{key: lower}, visit)
		return
	}
	v.tree.AscendRange(item{key: lower}, item{key: upper}, visit)
}

// Apply implements state.Backend.
func (b *Backend) Apply(entries []state.Entry, marker string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, err := b.view()
	if err != nil {
		return err
	}
	next := &view{tree: v.tree.Clone(), marker: marker, size: v.size}
	for _, e := range entries {
		next.put(e)
	}
	b.current.Store(next)
	return nil
}

// put copies the entry: it shares its memory with others that may be gone long before.
func (v *view) put(e state.Entry) {
	old, had := item{}, false
	if e.Delete {
		old, had = v.tree.Delete(item{key: e.Key})
	} else {
		both := append(append(make([]byte, 0, len(e.Key)+len(e.Value)), e.Key...), e.Value...)
		n := len(e.Key)
		old, had = v.tree.ReplaceOrInsert(item{key: both[:n:n], value: both[n:]})
		v.size += int64(len(both))
	}
	if had {
		v.size -= int64(len(old.key) + len(old.value))
	}
}

// Marker implements state.Backend.
func (b *Backend) Marker() (string, error) {
	v, err := b.view()
	if err != nil {
		return "", err
	}
	return v.marker, nil
}

// Snapshot implements state.Backend.
func (b *Backend) Snapshot() (state.Snapshot, error) {
	v, err := b.view()
	if err != nil {
		return nil, err
	}
	s := &snapshot{}
	s.view.Store(v)
	return s, nil
}

// Load implements state.Backend. Readers see the old entries until all new ones are there.
func (b *Backend) Load(next state.Blocks, marker string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.view(); err != nil {
		return err
	}
	fresh := newView()
	fresh.marker = marker
	for {
		entries, err := next()
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			b.current.Store(fresh)
			return nil
		}
		for _, e := range entries {
			fresh.put(e)
		}
	}
}

// Reset implements state.Backend.
func (b *Backend) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.view(); err != nil {
		return err
	}
	b.current.Store(newView())
	return nil
}

// Flush implements state.Backend; nothing here is durable.
func (b *Backend) Flush() error {
	_, err := b.view()
	return err
}

// Size implements state.Backend: the bytes of keys and values.
func (b *Backend) Size() int64 {
	if v := b.current.Load(); v != nil {
		return v.size
	}
	return 0
}

// Close implements state.Backend. Snapshots stay readable.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current.Store(nil)
	return nil
}

// snapshot keeps a view alive, even beyond Close of the backend; nil when closed.
type snapshot struct{ view atomic.Pointer[view] }

func (s *snapshot) Marker() string {
	if v := s.view.Load(); v != nil {
		return v.marker
	}
	return ""
}

func (s *snapshot) Scan(lower, upper []byte, fn func(key, value []byte) bool) error {
	v := s.view.Load()
	if v == nil {
		return state.ErrClosed
	}
	v.scan(lower, upper, fn)
	return nil
}

func (s *snapshot) Close() error {
	s.view.Store(nil)
	return nil
}
