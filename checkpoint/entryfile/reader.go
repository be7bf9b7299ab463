package entryfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/weirstream/weir/state"
)

// Reader reads one file, one frame in memory at a time. The entries it returns are never overwritten: they may be kept.
type Reader struct {
	r      io.Reader
	file   string
	offset int64
	base   int64  // of the file's first byte in the file that holds it
	last   []byte // key of the entry before
	frames uint64
	sum    Summary
	done   bool
	err    error // is final

	payload []byte // of the open frame, what is left
	left    uint32 // entries left in it
	at      int64  // offset of payload[0]
}

// NewReader reads from r. Errors name file; base is added to the offsets they give, for a file inside another one.
func NewReader(r io.Reader, file string, base int64) *Reader {
	return &Reader{r: r, file: file, base: base}
}

// Next returns the next entry; ok is false at the end, which is reached only when everything was verified.
func (r *Reader) Next() (e state.Entry, ok bool, err error) {
	if more, err := r.more(); err != nil || !more {
		return state.Entry{}, false, err
	}
	if err = r.decode(&e); err != nil {
		return state.Entry{}, false, err
	}
	return e, true, nil
}

// ReadBlock appends the entries of the next frame to dst; none are appended at the end.
func (r *Reader) ReadBlock(dst []state.Entry) ([]state.Entry, error) {
	if more, err := r.more(); err != nil || !more {
		return dst, err
	}
	for r.left > 0 {
		dst = append(dst, state.Entry{})
		if err := r.decode(&dst[len(dst)-1]); err != nil {
			return dst[:len(dst)-1], err
		}
	}
	return dst, nil
}

// more opens the next frame if nothing is left of the one before; it is false at the end.
func (r *Reader) more() (bool, error) {
	for r.left == 0 {
		if r.done {
			return false, r.err
		}
		if err := r.nextFrame(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Summary is valid once the end was reached.
func (r *Reader) Summary() Summary { return r.sum }

func (r *Reader) nextFrame() error {
	if r.offset == 0 {
		if err := r.readHeader(); err != nil {
			return err
		}
	}
	start := r.offset
	var b [frameHead]byte
	if err := r.readFull(b[:], "the head of a frame"); err != nil {
		return err
	}
	h := getHead(b[:])
	if want, got := binary.LittleEndian.Uint64(b[16:]), headSum(b[:], start); want != got {
		return r.corrupt(start, "the checksum of a frame's head is %016x, computed %016x", want, got)
	}
	if h.count == footerCount {
		return r.readFooter(h)
	}
	return r.readPayload(h)
}

func (r *Reader) readPayload(h head) error {
	// Its checksum held, so these limits protect from a bug of a writer, not from damage.
	if h.length > maxFrame || h.count == 0 || uint64(h.count)*2 > uint64(h.length) {
		return r.corrupt(r.offset, "a frame of %d bytes with %d entries is impossible", h.length, h.count)
	}
	at := r.offset
	payload, err := r.readBytes(int(h.length))
	if err != nil {
		return err
	}
	if got := xxhash.Sum64(payload); got != h.sum {
		return r.corrupt(at, "the checksum of a frame of %d bytes is %016x, computed %016x", h.length, h.sum, got)
	}
	r.payload, r.left, r.at = payload, h.count, at
	r.sum.Digest = chain(r.sum.Digest, h.sum)
	r.frames++
	return nil
}

// readBytes reads large frames in growing steps, so that memory follows the bytes that are really there.
func (r *Reader) readBytes(n int) ([]byte, error) {
	const step = 1 << 20
	if n <= step {
		b := make([]byte, n)
		return b, r.readFull(b, "a frame")
	}
	var b bytes.Buffer
	m, err := io.CopyN(&b, r.r, int64(n))
	if r.offset += m; err != nil {
		return nil, r.readError(err, "a frame")
	}
	return b.Bytes(), nil
}

// decode reads an entry into e, which is zero.
func (r *Reader) decode(e *state.Entry) error {
	p := r.payload
	keyLen, n := uvarint(p)
	tag, m := uvarint(p[max(n, 0):])
	if n <= 0 || m <= 0 {
		return r.corrupt(r.at, "an entry's lengths can't be read")
	}
	p = p[n+m:]
	valueLen := tag >> 1
	if keyLen > uint64(len(p)) || valueLen > uint64(len(p))-keyLen || tag&1 == 1 && tag != 1 {
		return r.corrupt(r.at, "an entry with key of %d and value of %d bytes does not fit its frame", keyLen, valueLen)
	}
	end := keyLen + valueLen
	key := p[:keyLen:keyLen]
	if r.sum.Entries > 0 && bytes.Compare(key, r.last) <= 0 {
		return r.corrupt(r.at, "key %x does not come after key %x", key, r.last)
	}
	e.Key, e.Value, e.Delete = key, p[keyLen:end:end], tag == 1
	r.at += int64(n+m) + int64(end)
	r.payload, r.last = p[end:], key
	r.sum.Entries++
	if r.left--; r.left == 0 && len(r.payload) > 0 {
		return r.corrupt(r.at, "%d bytes follow the last entry of a frame", len(r.payload))
	}
	return nil
}

// uvarint has a fast path: nearly all lengths are below 128.
func uvarint(p []byte) (uint64, int) {
	if len(p) > 0 && p[0] < 0x80 {
		return uint64(p[0]), 1
	}
	return binary.Uvarint(p)
}

func (r *Reader) readFull(b []byte, what string) error {
	n, err := io.ReadFull(r.r, b)
	if r.offset += int64(n); err != nil {
		return r.readError(err, what)
	}
	return nil
}

func (r *Reader) readError(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.corrupt(r.offset, "it ends inside %s", what)
	}
	return r.fail(fmt.Errorf("read %s at byte %d: %w", r.file, r.base+r.offset, err))
}

func (r *Reader) corrupt(offset int64, format string, args ...any) error {
	return r.fail(&CorruptError{File: r.file, Offset: r.base + offset, Detail: fmt.Sprintf(format, args...)})
}

func (r *Reader) fail(err error) error {
	r.done, r.left, r.err = true, 0, err
	return err
}
