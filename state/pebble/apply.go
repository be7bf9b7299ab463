package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weirstream/weir/state"
)

// loadBytes is how much a Load brings through memory. Variable for tests.
var loadBytes int64 = 4 << 20

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
func (b *Backend) Load(next state.Blocks, marker string) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	b.writing.Lock()
	defer b.writing.Unlock()
	err := b.empty() // durably: a marker must not outlive what it stands for, and no table may come before the deletion
	if err == nil {
		err = b.load(next, marker)
	}
	if err == nil {
		err = b.flush()
	}
	return b.fail("load state", errors.Join(err, b.release()))
}

// load brings little through memory, and much in tables of its own.
func (b *Backend) load(next state.Blocks, marker string) error {
	part, block, err := head(next)
	if err != nil || len(block) == 0 {
		return b.last(part, marker, err)
	}
	l, err := b.startLoader()
	if err != nil {
		return err
	}
	for err = l.add(part); err == nil && len(block) > 0; {
		if err = l.add(block); err == nil {
			block, err = next()
		}
	}
	return b.last(nil, marker, l.close(err))
}

// last ends a Load: the marker says that it is whole.
func (b *Backend) last(part []state.Entry, marker string, err error) error {
	if err != nil {
		return err
	}
	return b.apply(part, marker)
}

// head returns the first entries, and the block behind them if they are many.
func head(next state.Blocks) (first, block []state.Entry, err error) {
	for size := int64(0); ; {
		block, err = next()
		if err != nil || len(block) == 0 || size >= loadBytes {
			return first, block, err
		}
		first = append(first, block...)
		size += sizeOf(block)
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

// any says whether there are entries.
func (b *Backend) any() (found bool, err error) {
	err = scan(b.db, nil, nil, func(_, _ []byte) bool { found = true; return false })
	return found, err
}

// empty makes sure that nothing is left, durably.
func (b *Backend) empty() error {
	marker, err := b.Marker()
	if err != nil {
		return err
	}
	if had, err := b.any(); err != nil || !had && marker == "" {
		return err
	}
	if err := b.clear(); err != nil {
		return err
	}
	return b.flush()
}

// tidy removes entries that have no marker: a Load was cut short.
func (b *Backend) tidy() error {
	marker, err := b.Marker()
	if err != nil || marker != "" {
		return err
	}
	leftovers, err := b.any()
	if err != nil || !leftovers {
		return err
	}
	b.log.Info("state folder holds an unfinished load: removing it", "dir", b.dir)
	return b.Reset()
}
