package confluent

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"encoding/binary"
	"sync"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// packed is a run of records on its way to librdkafka, which copies them.
type packed struct {
	recs []C.weir_rec
	data []byte
}

var packs = sync.Pool{New: func() any {
	return &packed{recs: make([]C.weir_rec, 0, chunkRecords), data: make([]byte, 0, chunkBytes)}
}}

// recycle keeps the memory for the next pack, unless a large record has made it large.
func (k *packed) recycle() {
	if cap(k.data) <= 8*chunkBytes {
		packs.Put(k)
	}
}

// pack takes as many records as one call may carry and returns how many: none if the first one's topic can't be.
func (k *packed) pack(records []txn.Record, topics *topics) int {
	k.recs, k.data = k.recs[:0], k.data[:0]
	var last string
	var handle C.uintptr_t
	for i := range records {
		if len(k.recs) == cap(k.recs) || len(k.data) >= chunkBytes {
			break
		}
		r := &records[i]
		if i == 0 || r.Topic != last {
			last, handle = r.Topic, topics.handle(r.Topic)
		}
		if handle == 0 {
			break
		}
		k.add(r, handle)
	}
	return len(k.recs)
}

func (k *packed) add(r *txn.Record, topic C.uintptr_t) {
	k.recs = append(k.recs, C.weir_rec{
		timestamp: C.int64_t(r.Timestamp), topic: topic, partition: C.int32_t(r.Partition),
		key_len: length(r.Key), value_len: length(r.Value), headers: C.int32_t(len(r.Headers)),
	})
	k.data = append(append(k.data, r.Key...), r.Value...)
	for _, h := range r.Headers {
		k.data = binary.NativeEndian.AppendUint32(k.data, uint32(len(h.Key)))
		k.data = binary.NativeEndian.AppendUint32(k.data, uint32(length(h.Value)))
		k.data = append(append(k.data, h.Key...), h.Value...)
	}
}

func length(b []byte) C.int32_t {
	if b == nil {
		return -1
	}
	return C.int32_t(len(b))
}

// send enqueues the rest of the pack from record i on, whose bytes start at data. It returns how many were taken and
// the refusal of the one after them.
func (k *packed) send(rk unsafe.Pointer, i int, data []byte) (taken, used int, err error) {
	if len(data) == 0 {
		data = []byte{0} // the address of something
	}
	var n C.size_t
	var code C.int
	t := C.weir_produce(rk, C.int(len(k.recs)-i), &k.recs[i], (*C.uint8_t)(unsafe.Pointer(&data[0])), &n, &code)
	if code != 0 {
		err = kafka.NewError(kafka.ErrorCode(code), "", false)
	}
	return int(t), int(n), err
}

// topics holds librdkafka's handles of the topics written to.
type topics struct {
	rk      unsafe.Pointer
	mu      sync.RWMutex
	handles map[string]C.uintptr_t
}

func newTopics(rk unsafe.Pointer) *topics {
	return &topics{rk: rk, handles: map[string]C.uintptr_t{}}
}

// handle returns 0 if the name can't be a topic's.
func (t *topics) handle(name string) C.uintptr_t {
	t.mu.RLock()
	h, ok := t.handles[name]
	t.mu.RUnlock()
	if ok {
		return h
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h, ok = t.handles[name]; ok {
		return h
	}
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	if h = C.weir_topic(t.rk, s); h != 0 {
		t.handles[name] = h
	}
	return h
}

// close gives the handles back. It comes before the closing of the instance.
func (t *topics) close() {
	for _, h := range t.handles {
		C.weir_topic_free(h)
	}
}
