package operators

import (
	"encoding/binary"

	"github.com/weirstream/weir/txn"
)

// In a repartition topic each record begins with a trace, which says what it was made of: flags (a byte), the source partition if it is another one than that of the
// record before (the topic's name, length as uvarint and bytes, and the number as uvarint), the offset or the timer's time (varint), and the source
// record itself, if a dead letter may be written behind the exchange and it is another one than that of the record before.
const (
	traceSource  byte = 1 << iota // of a source record, of the partition that follows
	traceSame                     // of a source record, of the same partition as the record before; neither: of a timer
	traceRaw                      // the source record follows
	traceSameRaw                  // it is that of the record before
	traceUnknown                  // this and all higher ones are not of this version
)

// tracer writes the traces of one batch.
type tracer struct {
	last  Origin
	begun bool
	raw   bool // of the last record the source record is known
}

func (w *tracer) same(o Origin) bool {
	return w.begun && o.Partition != nil && o.Partition == w.last.Partition
}

func (w *tracer) sameRaw(o Origin) bool { return w.raw && w.same(o) && o.Offset == w.last.Offset }

// size is about what the trace of the record at work needs.
func (w *tracer) size(t *Task, raw bool) int {
	if !raw || t.raw == nil || w.sameRaw(t.origin) {
		return 0
	}
	return sizeOfRaw(t.raw)
}

// append appends the trace of the record at work.
func (w *tracer) append(b []byte, t *Task, raw bool) []byte {
	o, flags := t.origin, byte(0)
	raw = raw && t.raw != nil
	same := w.same(o)
	switch {
	case same:
		flags = traceSame
	case o.Partition != nil:
		flags = traceSource
	}
	sameRaw := w.sameRaw(o)
	switch {
	case raw && sameRaw:
		flags |= traceSameRaw
	case raw:
		flags |= traceRaw
	}
	b = append(b, flags)
	if flags&traceSource != 0 {
		b = appendBytes(b, []byte(o.Partition.Topic))
		b = binary.AppendUvarint(b, uint64(uint32(o.Partition.ID)))
	}
	b = binary.AppendVarint(b, o.Offset)
	if flags&traceRaw != 0 {
		b = appendRaw(b, t.raw)
	}
	w.last, w.begun, w.raw = o, true, raw
	return b
}

// traces reads them, batch by batch.
type traces struct {
	known map[txn.Partition]*txn.Partition // each source partition that was met, once
	last  *txn.Partition
	raw   txn.Record
	some  bool // raw is the source record of the record before
}

// begin begins a batch.
func (r *traces) begin() { r.last, r.some = nil, false }

// read takes a trace from the front of b, for the record that will be at work.
func (r *traces) read(t *Task, b []byte) (rest []byte, err error) {
	flags := b[0]
	o := Origin{}
	b = b[1:]
	switch {
	case flags >= traceUnknown || flags&traceSame != 0 && r.last == nil || flags&traceSameRaw != 0 && !r.some:
		return nil, errMalformed
	case flags&traceSource != 0:
		if o.Partition, b, err = r.partition(b); err != nil {
			return nil, err
		}
	case flags&traceSame != 0:
		o.Partition = r.last
	}
	at, n := binary.Varint(b)
	if n <= 0 {
		return nil, errMalformed
	}
	o.Offset, b = at, b[n:]
	if flags&traceRaw != 0 {
		if r.raw, b, err = cutRaw(b); err != nil {
			return nil, err
		}
	}
	t.origin, t.raw = o, nil
	if r.last, r.some = o.Partition, flags&(traceRaw|traceSameRaw) != 0; r.some {
		t.raw = &r.raw
	}
	return b, nil
}

func (r *traces) partition(b []byte) (*txn.Partition, []byte, error) {
	topic, b, err := cutBytes(b)
	if err != nil {
		return nil, nil, err
	}
	id, n := binary.Uvarint(b)
	if n <= 0 || id >= 1<<31 {
		return nil, nil, errMalformed
	}
	p := r.known[txn.Partition{Topic: string(topic), ID: int32(id)}]
	if p == nil {
		p = &txn.Partition{Topic: string(topic), ID: int32(id)}
		r.known[*p] = p
	}
	return p, b[n:], nil
}

// A source record is its timestamp (varint), key and value, the number of its headers (uvarint), and name and value of each. Keys and values are
// null (0), or one more than their length (uvarint) and their bytes.

func appendRaw(b []byte, r *txn.Record) []byte {
	b = binary.AppendVarint(b, r.Timestamp)
	b = appendNullable(appendNullable(b, r.Key), r.Value)
	b = binary.AppendUvarint(b, uint64(len(r.Headers)))
	for _, h := range r.Headers {
		b = appendNullable(appendBytes(b, []byte(h.Key)), h.Value)
	}
	return b
}

// sizeOfRaw is at least how long that is.
func sizeOfRaw(r *txn.Record) int {
	n := binary.MaxVarintLen64 + 3*binary.MaxVarintLen32 + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += 2*binary.MaxVarintLen32 + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}

func cutRaw(b []byte) (r txn.Record, rest []byte, err error) {
	ts, n := binary.Varint(b)
	if n <= 0 {
		return r, nil, errMalformed
	}
	r.Timestamp = ts
	if r.Key, b, err = cutNullable(b[n:]); err != nil {
		return r, nil, err
	}
	if r.Value, b, err = cutNullable(b); err != nil {
		return r, nil, err
	}
	headers, n := binary.Uvarint(b)
	if n <= 0 || headers > uint64(len(b)) { // each has more than a byte
		return r, nil, errMalformed
	}
	b = b[n:]
	for range headers {
		var name, value []byte
		if name, b, err = cutBytes(b); err != nil {
			return r, nil, err
		}
		if value, b, err = cutNullable(b); err != nil {
			return r, nil, err
		}
		r.Headers = append(r.Headers, txn.Header{Key: string(name), Value: value})
	}
	return r, b, nil
}

func appendBytes(b, v []byte) []byte { return append(binary.AppendUvarint(b, uint64(len(v))), v...) }

func appendNullable(b, v []byte) []byte {
	if v == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(v))+1), v...)
}

func cutNullable(b []byte) (v, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	switch {
	case n <= 0 || size > uint64(len(b)-n)+1:
		return nil, nil, errMalformed
	case size == 0:
		return nil, b[n:], nil
	}
	end := n + int(size) - 1
	return b[n:end:end], b[end:], nil
}
