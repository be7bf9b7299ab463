package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/state"
)

// A large Load writes tables of its own, which go to the last level as they are: nothing passes through memory tables, and nothing has to be compacted but what is to
// be deleted, if there was anything. They become part of the database one by one, without a marker, which comes last as in any Load.
const (
	loadFolder = "load" // in the stamped folder; what is left of a crash is removed
	lastLevel  = 6

	// partsAhead is how many parts wait to be written. There are two more: one that is written, and one that is filled.
	partsAhead = 2
	// bytesPerSync is how much of a table is handed to the disk at a time.
	bytesPerSync = 1 << 20
)

var tableBytes uint64 = 64 << 20 // variable for tests

// loader writes the tables of one Load, on a goroutine beside the one that reads. Another one ends a table while the next is being written.
type loader struct {
	b      *Backend
	parts  chan []state.Entry
	free   chan []state.Entry // parts that were written
	done   chan error
	failed atomic.Bool // there will be no more parts, and what is there is of no use

	table  *sstable.Writer
	path   string
	n      int
	ending chan error // of the table before; nil: there is none
}

// startLoader begins a Load into a database whose old entries are deleted, or where there are none.
func (b *Backend) startLoader() (*loader, error) {
	if err := b.clearLoad(); err != nil {
		return nil, err
	}
	if err := b.fs.MkdirAll(b.loadPath(), 0o755); err != nil {
		return nil, err
	}
	l := &loader{b: b, parts: make(chan []state.Entry, partsAhead), free: make(chan []state.Entry, partsAhead+2), done: make(chan error, 1)}
	go l.run()
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

// run takes parts until the channel is closed or one fails; it reads the rest then, so that nobody waits.
func (l *loader) run() {
	var failed error
	for part := range l.parts {
		if failed == nil {
			failed = l.write(part)
		}
		l.free <- part
	}
	if l.table != nil {
		if failed == nil && !l.failed.Load() {
			failed = l.end()
		} else {
			_ = l.table.Close() // the first failure counts
		}
	}
	failed = errors.Join(failed, l.ended())
	l.done <- errors.Join(failed, l.b.clearLoad())
}

// spare is a part to be filled: one that was written, or a new one for n entries.
func (l *loader) spare(n int) []state.Entry {
	select {
	case part := <-l.free:
		return part[:0]
	default:
		return make([]state.Entry, 0, n)
	}
}

// close waits for all tables to be part of the database, unless the Load has failed.
func (l *loader) close(failed error) error {
	l.failed.Store(failed != nil)
	close(l.parts)
	return <-l.done
}

func (l *loader) write(part []state.Entry) error {
	for i := range part {
		e := &part[i]
		if e.Delete {
			continue
		}
		if bytes.Compare(e.Key, allBelow) >= 0 {
			return fmt.Errorf("key %x: keys from ff on are reserved", e.Key)
		}
		if l.table == nil {
			if err := l.begin(); err != nil {
				return err
			}
		}
		if err := l.table.Set(e.Key, e.Value); err != nil {
			return err
		}
	}
	if l.table == nil || l.table.Raw().EstimatedSize() < tableBytes {
		return nil
	}
	return l.end()
}

func (l *loader) begin() error {
	l.n++
	l.path = l.b.fs.PathJoin(l.b.loadPath(), fmt.Sprintf("%06d.sst", l.n))
	f, err := l.b.fs.Create(l.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: bytesPerSync}) // so that the end of a table has not all of it to wait for
	l.table = sstable.NewWriter(objstorageprovider.NewFileWritable(f), l.b.tableOptions())
	return nil
}

// end ends the table on another goroutine, when the one before is part of the database.
func (l *loader) end() error {
	table, path := l.table, l.path
	l.table = nil
	if err := l.ended(); err != nil {
		return errors.Join(err, table.Close())
	}
	l.ending = make(chan error, 1)
	go func(ending chan<- error) { ending <- l.b.ingest(table, path) }(l.ending)
	return nil
}

// ended waits for the table before.
func (l *loader) ended() error {
	if l.ending == nil {
		return nil
	}
	err := <-l.ending
	l.ending = nil
	return err
}

// ingest ends a table, durably, and makes it part of the database.
func (b *Backend) ingest(table *sstable.Writer, path string) error {
	if err := table.Close(); err != nil {
		return err
	}
	return b.db.Ingest(context.Background(), []string{path})
}

// tableOptions are those of Pebble's own tables in the last level.
func (b *Backend) tableOptions() sstable.WriterOptions {
	o := b.options.pebble(nil, nil, nil)
	o.EnsureDefaults()
	return o.MakeWriterOptions(lastLevel, b.db.TableFormat())
}
