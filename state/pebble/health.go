package pebble

import (
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Pebble tries failed background work again at once and for ever, and meanwhile keeps writers waiting. A full disk must be an error
// instead. So this package does the waiting: it knows of failures, and Pebble's own limits are out of reach.
const (
	// memTables of memory at most, filled or being flushed.
	memTables = 3
	// sublevels of level 0 at most. Reading many tables for a while is better than stopping all writes: compaction has one core.
	sublevels = 64
	// retryPause keeps retries from taking a core. It is slept with Pebble's lock held: all writers fail anyway.
	retryPause = 20 * time.Millisecond
)

// signal wakes whoever waits for background work to make some difference.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// next is closed at the next fire. Take it before looking at what may change.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

func (b *Backend) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if b.trouble.Swap(&err) == nil {
				b.log.Error("state can't be written in the background", "dir", b.dir, "error", err)
			}
			b.progress.fire()
			time.Sleep(retryPause)
		},
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil && b.trouble.Swap(nil) != nil {
				b.log.Info("state is written again", "dir", b.dir)
			}
			b.progress.fire()
		},
		CompactionEnd: func(pebble.CompactionInfo) { b.progress.fire() },
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			b.log.Error("state folder is damaged: remove it, it is rebuilt from the checkpoints",
				"dir", b.dir, "file", info.Path, "error", info.Details)
		},
	}
}

// healthy returns the error that background work last met, if it has not gone well since.
func (b *Backend) healthy() error {
	if err := b.trouble.Load(); err != nil {
		return fmt.Errorf("background write: %w", *err)
	}
	return nil
}

// room waits until memory and level 0 have room for another batch.
func (b *Backend) room() error {
	for {
		changed := b.progress.next()
		if err := b.healthy(); err != nil {
			return err
		}
		m := b.db.Metrics()
		b.blocks.fit(int64(m.DiskSpaceUsage()))
		if m.MemTable.Size < memTables*b.memTable && m.Levels[0].Sublevels < sublevels {
			return nil
		}
		<-changed
	}
}

// flush makes all batches durable, or returns the error that a try met.
func (b *Backend) flush() error {
	changed := b.progress.next()
	flushed, err := b.db.AsyncFlush()
	if err != nil {
		return err
	}
	for {
		select {
		case <-flushed:
			return nil
		case <-changed:
			changed = b.progress.next()
			if err := b.healthy(); err != nil {
				return err
			}
		}
	}
}
