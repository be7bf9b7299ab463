package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/weirstream/weir/state"
)

// A large Load writes tables of its own, which go to the last level as they are: nothing passes through memory tables, and nothing has to be compacted but what is to
// be deleted, if there was anything. They become part of the database one by one, without a marker, which comes last as in any Load.
const (
	loadFolder = "load" // in the stamped folder; what is left of a crash is removed
	lastLevel  = 6

	// builders is how many tables are built side by side: building takes longer than all else that a restore does.
	builders = 2
	// bytesPerSync is how much of a table is handed to the disk at a time.
	bytesPerSync = 1 << 20
)

// tableBytes is how much memory the entries of a table take before they are in it: 16 MiB of those of 130 bytes. A builder that has its table to end finds the
// next one begun, so half as much again may be on the way. Variable for tests.
var tableBytes int64 = 24 << 20

// entryBytes is what an entry takes beside its key and value.
const entryBytes = int64(unsafe.Sizeof(state.Entry{}))

// loader hands the entries of one Load to builders, a whole table to each.
type loader struct {
	b        *Backend
	ctx      context.Context // ends with the first failure
	cancel   context.CancelCauseFunc
	building *errgroup.Group
	onWay    int64
	room     *semaphore.Weighted // for onWay bytes of entries that are on the way to a table
	tables   chan table

	n    int // tables begun
	last table
	left int64 // bytes until it is full
}

// table is one to be built of the parts that come.
type table struct {
	path  string
	parts chan part
}

type part struct {
	entries []state.Entry
	bytes   int64
}

// startLoader begins a Load into a database whose old entries are deleted, or where there are none.
func (b *Backend) startLoader() (*loader, error) {
	if err := b.clearLoad(); err != nil {
		return nil, err
	}
	if err := b.fs.MkdirAll(b.loadPath(), 0o755); err != nil {
		return nil, err
	}
	l := &loader{b: b, onWay: tableBytes + tableBytes/2, tables: make(chan table, 1)}
	l.room = semaphore.NewWeighted(l.onWay)
	ctx, cancel := context.WithCancelCause(context.Background())
	l.building, l.ctx = errgroup.WithContext(ctx)
	l.cancel = cancel
	for range builders {
		l.building.Go(l.build)
	}
	return l, nil
}

func (b *Backend) loadPath() string { return b.fs.PathJoin(b.dir, loadFolder) }

// clearLoad removes what a Load has left.
func (b *Backend) clearLoad() error {
	names, err := b.fs.List(b.loadPath())
	if err != nil {
		return nil // there is none
	}
	for _, name := range names {
		if err := b.fs.Remove(b.fs.PathJoin(b.loadPath(), name)); err != nil {
			return err
		}
	}
	return nil
}

// add hands on the next entries. An error is the first builder's.
func (l *loader) add(entries []state.Entry) error {
	if last := entries[len(entries)-1].Key; bytes.Compare(last, allBelow) >= 0 {
		return fmt.Errorf("key %x: keys from ff on are reserved", last)
	}
	p := part{entries: entries, bytes: min(sizeOf(entries), l.onWay)}
	if err := l.room.Acquire(l.ctx, p.bytes); err != nil {
		return context.Cause(l.ctx)
	}
	if l.last.parts == nil {
		if err := l.begin(); err != nil {
			return err
		}
	}
	select {
	case l.last.parts <- p:
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
	if l.left -= p.bytes; l.left <= 0 {
		l.full()
	}
	return nil
}

// sizeOf is the memory that entries take.
func sizeOf(entries []state.Entry) int64 {
	n := int64(len(entries)) * entryBytes
	for i := range entries {
		n += int64(len(entries[i].Key) + len(entries[i].Value))
	}
	return n
}

// begin has the next table built.
func (l *loader) begin() error {
	const most = 256 // parts that wait: a table's, mostly
	l.n++
	l.last, l.left = table{path: l.b.fs.PathJoin(l.b.loadPath(), fmt.Sprintf("%06d.sst", l.n)), parts: make(chan part, most)}, tableBytes
	select {
	case l.tables <- l.last:
		return nil
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
}

// full says that the table has all its entries.
func (l *loader) full() {
	if l.last.parts != nil {
		close(l.last.parts)
	}
	l.last = table{}
}

// close waits for all tables to be part of the database, unless the Load has failed.
func (l *loader) close(failed error) error {
	if failed != nil {
		l.cancel(failed)
	} else {
		l.full()
	}
	close(l.tables)
	err := l.building.Wait()
	l.cancel(nil)
	if failed != nil {
		err = failed // the first, whoever met it
	}
	return errors.Join(err, l.b.clearLoad())
}

// build builds one table after the other.
func (l *loader) build() error {
	for t := range l.tables {
		if err := l.buildTable(t); err != nil {
			return err
		}
	}
	return nil
}

// buildTable builds a table and makes it part of the database, durably.
func (l *loader) buildTable(t table) error {
	f, err := l.b.fs.Create(t.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: bytesPerSync}) // so that the end of a table has not all of it to wait for
	w := sstable.NewWriter(newTableFile(f), l.b.tableOptions())
	if err := l.fill(w, t.parts); err != nil {
		_ = w.Close() // the first failure counts
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return l.b.db.Ingest(l.ctx, []string{t.path})
}

func (l *loader) fill(w *sstable.Writer, parts <-chan part) error {
	for {
		select {
		case p, more := <-parts:
			if !more {
				return nil
			}
			for i := range p.entries {
				if e := &p.entries[i]; !e.Delete {
					if err := w.Set(e.Key, e.Value); err != nil {
						return err
					}
				}
			}
			l.room.Release(p.bytes)
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
	}
}

// tableOptions are those of Pebble's own tables in the last level.
func (b *Backend) tableOptions() sstable.WriterOptions {
	o := b.options.pebble(nil, nil, nil)
	o.EnsureDefaults()
	return o.MakeWriterOptions(lastLevel, b.db.TableFormat())
}
