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
)

var tableBytes uint64 = 64 << 20 // variable for tests

// loader writes the tables of one Load, on a goroutine beside the one that reads.
type loader struct {
	b      *Backend
	parts  chan []state.Entry
	done   chan error
	failed atomic.Bool // there will be no more parts, and what is there is of no use

	table *sstable.Writer
	path  string
	n     int
}

// startLoader begins a Load into a database whose old entries are deleted, or where there are none.
func (b *Backend) startLoader() (*loader, error) {
	if err := b.clearLoad(); err != nil {
		return nil, err
	}
	if err := b.fs.MkdirAll(b.loadPath(), 0o755); err != nil {
		return nil, err
	}
	l := &loader{b: b, parts: make(chan []state.Entry, 2), done: make(chan error, 1)}
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
	}
	if l.table != nil {
		if failed == nil && !l.failed.Load() {
			failed = l.ingest()
		} else {
			_ = l.table.Close() // the first failure counts
		}
	}
	l.done <- errors.Join(failed, l.b.clearLoad())
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
	return l.ingest()
}

func (l *loader) begin() error {
	l.n++
	l.path = l.b.fs.PathJoin(l.b.loadPath(), fmt.Sprintf("%06d.sst", l.n))
	f, err := l.b.fs.Create(l.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	l.table = sstable.NewWriter(objstorageprovider.NewFileWritable(f), l.b.tableOptions())
	return nil
}

// ingest ends the table, durably, and makes it part of the database.
func (l *loader) ingest() error {
	t := l.table
	l.table = nil
	if err := t.Close(); err != nil {
		return err
	}
	return l.b.db.Ingest(context.Background(), []string{l.path})
}

// tableOptions are those of Pebble's own tables in the last level.
func (b *Backend) tableOptions() sstable.WriterOptions {
	o := b.options.pebble(nil, nil)
	o.EnsureDefaults()
	return o.MakeWriterOptions(lastLevel, b.db.TableFormat())
}
