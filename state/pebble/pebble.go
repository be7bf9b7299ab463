package pebble

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/state"
)

// Keys of state start with a key group, which is below state.MaxParallelismLimit: so 0xff is free for ourselves.
var (
	markerKey = []byte("\xffmarker")
	allBelow  = []byte{0xff}
)

// Backend is a state.Backend on disk.
type Backend struct {
	dir  string
	db   *pebble.DB
	lock *pebble.Lock
	log  *slog.Logger
	fs   vfs.FS

	options  Options
	memTable uint64                // size of one
	writing  sync.Mutex            // one writer at a time: the marker must fit the entries
	blocks   *blockCache           // guarded by writing
	trouble  atomic.Pointer[error] // of background work; nil when the last flush went well
	progress signal                // of background work, for better or worse

	mu        sync.Mutex
	idle      sync.Cond // signalled when users falls to 0
	users     int
	closed    bool
	snapshots map[*snapshot]struct{}
	readers   []*reader // nobody uses them now; the one unused for longest first
	writes    uint64    // counted when they are done
}

var _ state.Backend = (*Backend)(nil)

// enter keeps Close waiting until leave. It does not block, so one call may be made inside another's callback.
func (b *Backend) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return state.ErrClosed
	}
	b.users++
	return nil
}

func (b *Backend) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left()
}

// left is leave for who holds mu.
func (b *Backend) left() {
	if b.users--; b.users == 0 {
		b.idle.Broadcast()
	}
}

// fail names the folder in an error.
func (b *Backend) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, folderError(b.dir, err))
}

// Get implements state.Backend.
func (b *Backend) Get(key, dst []byte) ([]byte, bool, error) {
	r, err := b.borrow(key)
	if err == nil {
		var found bool
		if dst, found, err = r.get(key, dst); err == nil {
			return dst, found, b.fail("read state", b.giveBack(r))
		}
		_ = b.giveBack(r) // closing it tells the same error again
	}
	return dst, false, b.fail("read state", err)
}

// Scan implements state.Backend.
func (b *Backend) Scan(lower, upper []byte, fn func(key, value []byte) bool) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	return b.fail("scan state", scan(b.db, lower, upper, fn))
}

func scan(from pebble.Reader, lower, upper []byte, fn func(key, value []byte) bool) error {
	if len(upper) == 0 {
		upper = allBelow
	}
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if !fn(it.Key(), value) {
			break
		}
	}
	return it.Error()
}

// Marker implements state.Backend.
func (b *Backend) Marker() (string, error) {
	m, _, err := b.Get(markerKey, nil)
	return string(m), err
}

// Flush implements state.Backend.
func (b *Backend) Flush() error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	return b.fail("flush state", errors.Join(b.flush(), b.release()))
}

// Size implements state.Backend: the bytes on disk, together with what is to be removed and what is still in memory.
func (b *Backend) Size() int64 {
	if err := b.enter(); err != nil {
		return 0
	}
	defer b.leave()
	m := b.db.Metrics()
	return int64(m.DiskSpaceUsage() + m.MemTable.Size)
}

// Close implements state.Backend. It waits for calls under way and closes snapshots. What was not flushed is forgotten, as in a
// crash, unless Flush was called before.
func (b *Backend) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	for b.users > 0 {
		b.idle.Wait()
	}
	b.mu.Unlock()
	errs := []error{b.release()}
	for s := range b.snapshots {
		errs = append(errs, s.from.Close())
	}
	errs = append(errs, b.db.Close(), b.lock.Close())
	return b.fail("close state", errors.Join(errs...))
}
