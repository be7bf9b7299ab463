package pebble

import (
	"bytes"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weirstream/weir/state"
)

// reader is an iterator that is kept from one Get to the next: making and closing one costs about as much as the search itself, and one that
// goes on from the key before finds its neighbour at once. It sees what was written before it was made, so it is used no longer than until
// the next write.
type reader struct {
	it      *pebble.Iterator
	writes  uint64 // of the Backend, when it was made
	stretch [4]byte
	walk    walk
}

// get appends the value of key to dst.
func (r *reader) get(key, dst []byte) ([]byte, bool, error) {
	if !r.find(key) {
		return dst, false, r.it.Error()
	}
	value, err := r.it.ValueAndErr()
	return append(dst, value...), err == nil, err
}

// find puts the iterator at key, if it is there.
func (r *reader) find(key []byte) (found bool) {
	if w := &r.walk; w.row >= inOrder && bytes.Compare(w.last, key) < 0 {
		found = r.step(key)
	} else {
		w.on = false
		found = r.it.SeekPrefixGE(key)
	}
	r.walk.note(key, found)
	return found
}

// maxReaders that nobody uses are kept; each holds on to a block for each level.
const maxReaders = 16

// stretchOf is the part of a key that says which reader is the best one for it: key group and state.
func stretchOf(key []byte) (s [4]byte) {
	copy(s[:], key)
	return s
}

// borrow finds or makes a reader, which is the caller's until giveBack. In between Close waits, as between enter and leave.
func (b *Backend) borrow(key []byte) (*reader, error) {
	r, writes, err := b.idleReader(stretchOf(key))
	if err != nil || r != nil {
		return r, err
	}
	// Asking the filters of all levels: Pebble's own Get does not ask the last one's, where most keys are, and so reads a block for each key
	// that is not there.
	it, err := b.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		b.leave()
		return nil, err
	}
	return &reader{it: it, writes: writes, stretch: stretchOf(key)}, nil
}

// idleReader enters, and takes the reader that was last used for this stretch, or any if there are as many as may be; nil: a new one is to be
// made.
func (b *Backend) idleReader(stretch [4]byte) (r *reader, writes uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, 0, state.ErrClosed
	}
	b.users++
	i := slices.IndexFunc(b.readers, func(r *reader) bool { return r.stretch == stretch })
	if i < 0 {
		if len(b.readers) < maxReaders {
			return nil, b.writes, nil
		}
		i = 0 // unused for longest
	}
	r = b.readers[i]
	b.readers = slices.Delete(b.readers, i, i+1)
	r.stretch = stretch
	return r, b.writes, nil
}

// giveBack keeps a reader for the next Get, unless something was written meanwhile, and leaves.
func (b *Backend) giveBack(r *reader) error {
	b.mu.Lock()
	if r.writes == b.writes && len(b.readers) < maxReaders && r.it.Error() == nil {
		b.readers = append(b.readers, r)
		b.left()
		b.mu.Unlock()
		return nil
	}
	b.mu.Unlock()
	defer b.leave()
	return r.it.Close()
}

// release lets go of all readers, which keep in memory and on disk what they may read. It comes before a write returns.
func (b *Backend) release() error {
	b.mu.Lock()
	b.writes++
	old := b.readers
	b.readers = nil
	b.mu.Unlock()
	var errs []error
	for _, r := range old {
		errs = append(errs, r.it.Close())
	}
	return errors.Join(errs...)
}
