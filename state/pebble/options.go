package pebble

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of Open. JobID is required, all others have defaults.
type Options struct {
	// JobID owns the folder: opening the folder of another job is refused.
	JobID string
	// MemTableBytes is the size of one memtable, 16 MiB by default. At most three exist.
	MemTableBytes int
	// CacheBytes is the size of the block cache, 32 MiB by default. It grows to twice that with a large state, of which it is a quarter then.
	CacheBytes int64
	// MaxOpenFiles bounds the open tables, 512 by default.
	MaxOpenFiles int
	// Logger gets what Pebble has to say, at debug level but for errors; slog.Default if nil.
	Logger *slog.Logger
	// FS is the file system, the machine's by default.
	FS vfs.FS
}

func (o Options) withDefaults() Options {
	if o.MemTableBytes <= 0 {
		o.MemTableBytes = 16 << 20
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 32 << 20
	}
	if o.MaxOpenFiles <= 0 {
		o.MaxOpenFiles = 512
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	return o
}

// storeFormat is pinned, so that a newer Pebble does not quietly write what this version's predecessor can't read.
const storeFormat = pebble.FormatValueSeparation

func (o Options) pebble(lock *pebble.Lock, cache *pebble.Cache, events *pebble.EventListener) *pebble.Options {
	p := &pebble.Options{
		FS:                 o.FS,
		Lock:               lock,
		DisableWAL:         true,
		FormatMajorVersion: storeFormat,
		Cache:              cache,
		MaxOpenFiles:       o.MaxOpenFiles,
		MemTableSize:       uint64(o.MemTableBytes),
		// Apply itself waits for room, see health.go.
		MemTableStopWritesThreshold: 1 << 20,
		L0StopWritesThreshold:       1 << 20,
		L0CompactionThreshold:       8, // filters make reading several tables cheap; merging them costs more the more often it is done
		// Deleting the whole range, in Reset, should give its space back soon.
		FlushDelayDeleteRange:      time.Second,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
		Logger:                     logger{o.Logger},
		EventListener:              events,
	}
	// When many values go at once, as at the end of a window, one flush of deletions follows on the other. Compacting each of them rewrites the
	// tables that the next one empties further: they wait until level 0 is due.
	p.Experimental.TombstoneDenseCompactionThreshold = -1
	// Values are small and hot ones are cached decoded: compressing them costs more than the disk space is worth, except in the last
	// level, where data comes to rest.
	p.ApplyCompressionSettings(func() pebble.DBCompressionSettings {
		s := pebble.DBCompressionNone
		s.Levels[len(s.Levels)-1] = pebble.DBCompressionFastest.Levels[0]
		return s
	})
	for i := range p.Levels {
		// Twice Pebble's default: what a block costs beside its bytes makes up half of a scan with that, and a single read takes hardly longer (doc.go).
		p.Levels[i].BlockSize = 8 << 10
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].IndexBlockSize = 256 << 10 // one level of index, for tables of all sizes that occur
	}
	return p
}

// logger passes on what Pebble logs. Errors of background work come by the event listener as well.
type logger struct{ to *slog.Logger }

func (l logger) Infof(format string, args ...any)  { l.log(slog.LevelDebug, format, args) }
func (l logger) Errorf(format string, args ...any) { l.log(slog.LevelError, format, args) }

// Fatalf must not return: Pebble calls it when it doesn't know any more what is on disk. A crash is what everything here is built to
// survive.
func (l logger) Fatalf(format string, args ...any) {
	l.log(slog.LevelError, format, args)
	panic("state backend: pebble can't go on: " + fmt.Sprintf(format, args...))
}

func (l logger) log(level slog.Level, format string, args []any) {
	if l.to.Enabled(context.Background(), level) {
		l.to.Log(context.Background(), level, "pebble: "+fmt.Sprintf(format, args...))
	}
}
