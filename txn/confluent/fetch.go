package confluent

/*
#include "batch.h"
*/
import "C"

import (
	"encoding/binary"
	"unsafe"

	"github.com/weirstream/weir/txn"
)

// rec is a record as it crosses from C: what lies in the buffer beside it, and how much of it.
type rec = C.weir_rec

func topicName(handle uintptr) string { return C.GoString(C.weir_topic_name(C.uintptr_t(handle))) }

// fetcher takes records from a consumer's queue, many at a time.
type fetcher struct {
	queue unsafe.Pointer
	recs  []rec
	chunk []byte // what is left of the memory being filled; handed out parts are never touched again
	state C.weir_fetched
}

func newFetcher(queue unsafe.Pointer) *fetcher {
	return &fetcher{queue: queue, recs: make([]rec, chunkRecords)}
}

// fetch takes up to limit records, waiting for the first, and gives each to add. It returns the event that it
// stopped at, if any, and whether there may be more.
func (f *fetcher) fetch(timeout, limit int, add func(*rec, []byte)) (other event, more bool) {
	if len(f.chunk) == 0 {
		f.chunk = make([]byte, chunkBytes)
	}
	limit = min(limit, len(f.recs))
	//nolint:gocritic // dupSubExpr sees what cgo makes of this
	C.weir_fetch(f.queue, C.int(timeout), C.int(limit), &f.recs[0],
		(*C.uint8_t)(unsafe.Pointer(&f.chunk[0])), C.size_t(len(f.chunk)), &f.state)
	data := f.chunk[:f.state.used:f.state.used]
	f.chunk = f.chunk[f.state.used:]
	for i := range f.recs[:f.state.n] {
		r := &f.recs[i]
		n := bodyLen(r, data)
		add(r, data[:n:n])
		data = data[n:]
	}
	if f.state.held != nil {
		f.chunk = make([]byte, max(chunkBytes, int(f.state.need)))
		return event{}, true
	}
	return event{f.state.other, int(f.state.code)}, int(f.state.n) == limit
}

// bodyLen is how many bytes of data belong to the record at its start.
func bodyLen(r *rec, data []byte) int {
	n := int(max(r.key_len, 0)) + int(max(r.value_len, 0))
	for range r.headers {
		name, value := headerLens(data[n:])
		n += 8 + name + max(value, 0)
	}
	return n
}

func headerLens(data []byte) (name, value int) {
	return int(int32(binary.NativeEndian.Uint32(data))), int(int32(binary.NativeEndian.Uint32(data[4:])))
}

// decode makes a record whose key, value and header values lie in data.
func decode(r *rec, data []byte) txn.Record {
	rec := txn.Record{Offset: int64(r.offset), Timestamp: max(int64(r.timestamp), 0)}
	rec.Key, data = cut(data, int(r.key_len))
	rec.Value, data = cut(data, int(r.value_len))
	if r.headers > 0 {
		rec.Headers = make([]txn.Header, r.headers)
	}
	for i := range rec.Headers {
		name, value := headerLens(data)
		rec.Headers[i].Key = string(data[8 : 8+name])
		rec.Headers[i].Value, data = cut(data[8+name:], value)
	}
	return rec
}

// cut takes n bytes off data; -1 is null.
func cut(data []byte, n int) (part, rest []byte) {
	if n < 0 {
		return nil, data
	}
	return data[:n:n], data[n:]
}
