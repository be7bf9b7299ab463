package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weirstream/weir/state"
)

// loadBytes is how much Load writes at a time.
const loadBytes = 4 << 20

// Apply implements state.Backend. Entries and marker are one batch, and batches become durable in their order, whole.
func (b *Backend) Apply(entries []state.Entry, marker string) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	b.writing.Lock()
	defer b.writing.Unlock()
	return b.fail("apply state", errors.Join(b.apply(entries, marker), b.release()))
}

func (b *Backend) apply(entries []state.Entry, marker string) error {
	// A batch counts in 32 bits; a larger one would have to be several, which a crash could part.
	size := len(markerKey) + len(marker) + 64
	for i := range entries {
		size += len(entries[i].Key) + len(entries[i].Value) + 16
	}
	if size > math.MaxUint32 {
		return fmt.Errorf("%d bytes at once are more than pebble can take", size)
	}
	if err := b.room(); err != nil {
		return err
	}
	batch := b.db.NewBatchWithSize(size)
	defer batch.Close()
	if err := fill(batch, entries); err != nil {
		return err
	}
	if err := setMarker(batch, marker); err != nil {
		return err
	}
	return batch.Commit(pebble.NoSync)
}

func fill(batch *pebble.Batch, entries []state.Entry) error {
	if n := len(entries); n > 0 && bytes.Compare(entries[n-1].Key, allBelow) >= 0 {
		return fmt.Errorf("key %x: keys from ff on are reserved", entries[n-1].Key)
	}
	for i := range entries {
		e := &entries[i]
		if e.Delete {
			d := batch.DeleteDeferred(len(e.Key))
			copy(d.Key, e.Key)
			if err := d.Finish(); err != nil {
				return err
			}
			continue
		}
		d := batch.SetDeferred(len(e.Key), len(e.Value))
		copy(d.Key, e.Key)
		copy(d.Value, e.Value)
		if err := d.Finish(); err != nil {
			return err
		}
	}
	return nil
}

func setMarker(batch *pebble.Batch, marker string) error {
	if marker == "" {
		return batch.Delete(markerKey, nil)
	}
	return batch.Set(markerKey, []byte(marker), nil)
}

// Load implements state.Backend. The marker is written last: a crash before leaves entries without one, which Open removes. Reads made
// meanwhile see part of the entries.
func (b *Backend) Load(next func() (state.Entry, bool, error), marker string) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	b.writing.Lock()
	defer b.writing.Unlock()
	err := b.clear()
	if err == nil {
		err = b.load(next, marker)
	}
	if err == nil {
		err = b.flush()
	}
	return b.fail("load state", errors.Join(err, b.release()))
}

func (b *Backend) load(next func() (state.Entry, bool, error), marker string) error {
	var (
		part []state.Entry
		size int
	)
	for {
		e, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			return b.apply(part, marker)
		}
		part = append(part, e)
		if size += len(e.Key) + len(e.Value); size < loadBytes {
			continue
		}
		if err := b.apply(part, ""); err != nil {
			return err
		}
		part, size = part[:0], 0
	}
}

// Reset implements state.Backend.
func (b *Backend) Reset() error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	b.writing.Lock()
	defer b.writing.Unlock()
	err := b.clear()
	if err == nil {
		err = b.flush()
	}
	return b.fail("reset state", errors.Join(err, b.release()))
}

// clear removes marker and entries in one batch.
func (b *Backend) clear() error {
	batch := b.db.NewBatch()
	defer batch.Close()
	if err := batch.DeleteRange(nil, allBelow, nil); err != nil {
		return err
	}
	if err := batch.Delete(markerKey, nil); err != nil {
		return err
	}
	return batch.Commit(pebble.NoSync)
}

// tidy removes entries that have no marker: a Load was cut short.
func (b *Backend) tidy() error {
	marker, err := b.Marker()
	if err != nil || marker != "" {
		return err
	}
	leftovers := false
	if err := b.Scan(nil, nil, func(_, _ []byte) bool { leftovers = true; return false }); err != nil || !leftovers {
		return err
	}
	b.log.Info("state folder holds an unfinished load: removing it", "dir", b.dir)
	return b.Reset()
}
