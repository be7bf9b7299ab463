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
	buf    []byte // the open frame: room for its head, then its payload
	count  uint32
	last   []byte // key of the entry before
	frames uint64
	sum    Summary
}

// NewWriter writes to w, in pieces of a frame, and never closes it.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, buf: make([]byte, frameHead, frameHead+blockSize+4096)}
}

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
	w.append(key, value, del)
	w.last = append(w.last[:0], key...)
	w.count++
	w.sum.Entries++
	return nil
}

func (w *Writer) append(key, value []byte, del bool) {
	tag := uint64(len(value)) << 1
	if del {
		tag, value = 1, nil
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(len(key)))
	w.buf = binary.AppendUvarint(w.buf, tag)
	w.buf = append(w.buf, key...)
	w.buf = append(w.buf, value...)
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

// flush writes the open frame.
func (w *Writer) flush() error {
	if w.sum.Size == 0 {
		h := header(Version)
		if err := w.write(h[:]); err != nil {
			return err
		}
	}
	payload := w.buf[frameHead:]
	h := head{length: uint32(len(payload)), count: w.count, sum: xxhash.Sum64(payload)}
	putHead(w.buf, h, w.sum.Size)
	if err := w.write(w.buf); err != nil {
		return err
	}
	w.sum.Digest = chain(w.sum.Digest, h.sum)
	w.frames++
	w.buf, w.count = w.buf[:frameHead], 0
	return nil
}

func (w *Writer) write(p []byte) error {
	n, err := w.w.Write(p)
	w.sum.Size += int64(n)
	return err
}
