package txn

import (
	"encoding/binary"
	"time"
)

// Limits are what a topic takes of the records that a producer of this client writes to it, as far as it is known beforehand. The broker tells of a
// record that is beyond them only after it was sent, without saying which one it was.
type Limits struct {
	// Bytes is the largest Record.Size; 0: not known.
	Bytes int
	// After and Before are how far a record's timestamp may be ahead of and behind the broker's clock; 0: as far as it likes.
	After, Before time.Duration
}

// What surrounds the key, value and headers of a record that is alone in its batch, in the message format 2 (KIP-98): the header of the batch, and
// attributes, two deltas and four lengths in the record, of which the lengths have up to five bytes each.
const (
	batchOverhead = 61
	// Framing is the most that Size is above the bytes of key and value, without headers.
	Framing = batchOverhead + 3 + 4*binary.MaxVarintLen32
)

// Size is how many bytes of a topic the record takes up if it is not compressed and alone in its batch, which is what a broker compares with max.message.bytes.
func (r *Record) Size() int {
	body := 3 + sizeOfBytes(r.Key) + sizeOfBytes(r.Value) + varint(len(r.Headers))
	for i := range r.Headers {
		h := &r.Headers[i]
		body += varint(len(h.Key)) + len(h.Key) + sizeOfBytes(h.Value)
	}
	return batchOverhead + varint(body) + body
}

// sizeOfBytes is that of bytes behind their length, which is -1 of null.
func sizeOfBytes(b []byte) int {
	if b == nil {
		return 1
	}
	return varint(len(b)) + len(b)
}

// varint is how many bytes a length takes up: it is written as twice as much, since it might be negative.
func varint(n int) (size int) {
	for n = 2 * n; n >= 1<<7; n >>= 7 {
		size++
	}
	return size + 1
}
