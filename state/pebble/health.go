package pebble

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// listener notes errors of background work. Pebble tries again for ever; meanwhile memtables would fill up until Apply hangs, so
// Apply fails instead as long as the last flush did.
func (b *Backend) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if b.trouble.Swap(&err) == nil {
				b.log.Error("state can't be written in the background", "dir", b.dir, "error", err)
			}
		},
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil && b.trouble.Swap(nil) != nil {
				b.log.Info("state is written again", "dir", b.dir)
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			b.log.Error("state folder is damaged: remove it, it is rebuilt from the checkpoints", "dir", b.dir, "file", info.Path, "error", info.Details)
		},
	}
}

func (b *Backend) healthy() error {
	if err := b.trouble.Load(); err != nil {
		return fmt.Errorf("background write: %w", *err)
	}
	return nil
}
