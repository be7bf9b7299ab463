package state

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Seal ends an epoch: it returns what changed since the last Seal, sorted by key, each key once, and the next epoch starts clean.
// The entries share no memory with the Store, which the task may go on using at once. seq must rise from call to call.
// After an error the Store is good for nothing any more: abort the epoch and make a new one.
func (s *Store) Seal(seq uint64) ([]Entry, error) {
	if seq <= s.sealed {
		return nil, fmt.Errorf("seal %d after seal %d: sequence numbers must rise", seq, s.sealed)
	}
	s.sealed = seq
	if s.dirtyCells == 0 {
		return nil, nil
	}
	w := &sealer{entries: make([]Entry, 0, s.dirtyCells), chunk: min(max(s.sealCap, 256), maxChunk)}
	for _, t := range s.tables {
		s.sealing = t
		if err := t.seal(w, seq); err != nil {
			return nil, err
		}
	}
	s.opts.CheckWrites = false
	s.sealCap = w.total + w.total/8
	s.dirtyCells, s.dirtyBytes = 0, 0
	s.sorter.sort(w.entries)
	return w.entries, nil
}

func (t *table[T]) seal(w *sealer, seq uint64) error {
	for i, c := range t.dirty {
		w.group, w.id = c.group, t.desc.ID
		if err := t.encode(w, c); err != nil {
			return t.fail(t.entryKey(c), err)
		}
		c.flags &^= dirty | stored
		c.flags |= known
		if c.is(present) {
			c.flags |= stored
			*t.occupancy(c.group) = occupied
		} else {
			t.bury(c)
		}
		c.seal, c.pending = seq, 0
		t.dirty[i] = nil
	}
	t.dirty = t.dirty[:0]
	return nil
}

// sealValue encodes a state that has one entry per cell.
func sealValue[T, V any](t *table[T], w *sealer, c *cell[T], v V, codec *sized[V]) error {
	if !c.is(present) {
		if c.flags&(known|stored) != known {
			w.delete(c.key, nil)
		}
		return nil
	}
	w.begin(c.key, nil)
	b, err := codec.Append(w.buf, v)
	if err != nil {
		return fmt.Errorf("codec %s: %w", codec.Name(), err)
	}
	t.book(c, codec.learn(int(c.size), len(b)-w.mid), int(c.pending))
	return w.end(b)
}

// maxChunk bounds the blocks that sealed entries share: one entry that is kept keeps its whole block.
const maxChunk = 1 << 20

// sealer gathers encoded entries in blocks of memory that are never written again.
type sealer struct {
	group, id uint16
	entries   []Entry
	buf       []byte
	start     int // of the entry under way
	mid       int // where its key ends
	chunk     int // the size of a block
	most      int // of the longest value so far
	total     int
}

// begin starts an entry; its value is to be appended to buf and handed to end.
func (w *sealer) begin(key string, suffix []byte) {
	need := headLen + len(key) + len(suffix)
	if need += w.most + 16; cap(w.buf)-len(w.buf) < need {
		// A value that is longer all the same makes append move to a block of its own: what was cut from the old one stays there, unharmed.
		w.buf = make([]byte, 0, max(w.chunk, need))
	}
	w.start = len(w.buf)
	w.buf = binary.BigEndian.AppendUint16(w.buf, w.group)
	w.buf = binary.BigEndian.AppendUint16(w.buf, w.id)
	w.buf = append(w.buf, key...)
	w.buf = append(w.buf, suffix...)
	w.mid = len(w.buf)
}

func (w *sealer) end(buf []byte) error {
	if len(buf) < w.mid {
		return errors.New("the codec must append to what it is given")
	}
	w.buf = buf
	w.add(Entry{Key: buf[w.start:w.mid:w.mid], Value: buf[w.mid:len(buf):len(buf)]})
	return nil
}

func (w *sealer) delete(key string, suffix []byte) {
	w.begin(key, suffix)
	w.add(Entry{Key: w.buf[w.start:w.mid:w.mid], Delete: true})
}

func (w *sealer) add(e Entry) {
	w.total += len(e.Key) + len(e.Value)
	w.most = max(w.most, len(e.Value))
	w.entries = append(w.entries, e)
}
