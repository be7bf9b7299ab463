package entryfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Writer writes one file. After an error it is of no more use.
type Writer struct {
	w      io.Writer
	own    []byte // what a frame is made in if nobody lends the room
	buf    []byte // the open frame: room for its head, then its payload; empty if there is none
	count  uint32 // of its entries
	last   []byte // key of the entry before: in the open frame, or in saved
	saved  []byte
	frames uint64
	sum    Summary
}

// lender is a writer in whose own memory a frame can be made, as bufio.Writer's.
type lender interface{ AvailableBuffer() []byte }

// frameRoom is enough for a frame, unless a single entry needs more, and for the lengths before the last entry.
const frameRoom = frameHead + blockSize + 2*binary.MaxVarintLen64

// NewWriter writes to w, in pieces of a frame, and never closes it. If w has bufio.Writer's AvailableBuffer, frames are made there, and nobody else may write
// to it.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Add appends an entry; its key must be greater than the one before. It keeps no reference to the slices.
func (w *Writer) Add(key, value []byte, del bool) error {
	if w.sum.Entries > 0 && bytes.Compare(key, w.last) <= 0 {
		return fmt.Errorf("entry %d: key %x does not come after key %x; entries must be sorted, each key once", w.sum.Entries, key, w.last)
	}
	if len(key)+len(value) > MaxEntry {
		return fmt.Errorf("entry %d: key and value have %d bytes, at most %d are allowed", w.sum.Entries, len(key)+len(value), MaxEntry)
	}
	if w.count > 0 && len(w.buf)+len(key)+len(value) > frameHead+blockSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.count == 0 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.append(key, value, del)
	w.count++
	w.sum.Entries++
	return nil
}

// begin makes room for a frame.
func (w *Writer) begin() error {
	if w.sum.Size == 0 {
		h := header(Version)
		if err := w.write(h[:]); err != nil {
			return err
		}
	}
	if l, ok := w.w.(lender); ok {
		if room := l.AvailableBuffer(); cap(room) >= frameRoom {
			w.buf = room[:frameHead]
			return nil
		}
	}
	if w.own == nil {
		w.own = make([]byte, 0, frameRoom)
	}
	w.buf = w.own[:frameHead]
	return nil
}

func (w *Writer) append(key, value []byte, del bool) {
	tag := uint64(len(value)) << 1
	if del {
		tag, value = 1, nil
	}
	b := binary.AppendUvarint(w.buf, uint64(len(key)))
	b = binary.AppendUvarint(b, tag)
	b = append(b, key...)
	w.last = b[len(b)-len(key):]
	w.buf = append(b, value...)
}

// Size is how long the file would be if it ended now, without its footer.
func (w *Writer) Size() int64 { return w.sum.Size + int64(len(w.buf)) }

// Last is the key of the entry added last, nil if there is none. It is valid until the next Add.
func (w *Writer) Last() []byte { return w.last }

// Close writes what is left and the footer. Without it the file is not valid.
func (w *Writer) Close() (Summary, error) {
	if w.count > 0 {
		if err := w.flush(); err != nil {
			return Summary{}, err
		}
	}
	if err := w.begin(); err != nil {
		return Summary{}, err
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.sum.Entries)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.frames)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.sum.Digest)
	w.count = footerCount
	digest := w.sum.Digest
	if err := w.flush(); err != nil {
		return Summary{}, err
	}
	w.sum.Digest = digest
	return w.sum, nil
}

// flush writes the open frame, whose memory is not its own from then on.
func (w *Writer) flush() error {
	payload := w.buf[frameHead:]
	h := head{length: uint32(len(payload)), count: w.count, sum: xxhash.Sum64(payload)}
	putHead(w.buf, h, w.sum.Size)
	w.saved = append(w.saved[:0], w.last...)
	w.last = w.saved
	if err := w.write(w.buf); err != nil {
		return err
	}
	w.sum.Digest = chain(w.sum.Digest, h.sum)
	w.frames++
	w.buf, w.count = nil, 0
	return nil
}

func (w *Writer) write(p []byte) error {
	n, err := w.w.Write(p)
	w.sum.Size += int64(n)
	return err
}
