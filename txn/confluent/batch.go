package confluent

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// The Go client makes several calls of C for each record, and each costs about as much as librdkafka's own work on
// it. So records cross in batches here, by librdkafka's public C interface, on the instance that the Go client made;
// everything else goes through the Go client. Its handle is the one thing that it keeps to itself: handleOf reads
// it, and New fails with a clear error where a release has moved it.

// handleOf returns the rd_kafka_t and the main queue of a *kafka.Consumer or *kafka.Producer.
func handleOf(client any) (rk, queue unsafe.Pointer, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("this release of confluent-kafka-go (%T) keeps its handle elsewhere than v2.11 does", client)
		}
	}()
	h := reflect.ValueOf(client).Elem().FieldByName("handle")
	rk, queue = h.FieldByName("rk").UnsafePointer(), h.FieldByName("rkq").UnsafePointer()
	if rk == nil || queue == nil {
		return nil, nil, fmt.Errorf("%T has no handle", client)
	}
	return rk, queue, nil
}

// failed says whether an instance has a fatal error.
func failed(rk unsafe.Pointer) bool { return rk != nil && C.weir_fatal(rk) != 0 }

const (
	chunkBytes   = 64 << 10 // of Go memory that the keys and values of consecutive records share
	chunkRecords = 1024     // that cross in one call
)

// Event types of librdkafka.
const (
	eventFetch     = 0x2
	eventError     = 0x8
	eventRebalance = 0x10
)

// event is something other than a record that was in a consumer's queue.
type event struct {
	p    unsafe.Pointer
	code int // of a record with an error
}

func (e event) kind() int { return int(C.weir_event_type(e.p)) }

func (e event) free() { C.weir_event_free(e.p) }

func (e event) err(rk unsafe.Pointer) kafka.Error {
	if e.code != 0 {
		return kafka.NewError(kafka.ErrorCode(e.code), "", false)
	}
	reason := make([]byte, 512)
	var fatal C.int
	code := C.weir_event_code(e.p, rk, (*C.char)(unsafe.Pointer(&reason[0])), C.size_t(len(reason)), &fatal)
	return kafka.NewError(kafka.ErrorCode(code), C.GoString((*C.char)(unsafe.Pointer(&reason[0]))), fatal != 0)
}

// about names the partition that an error is about, if it is about one, and the offset there.
func (e event) about() (p txn.Partition, offset int64, ok bool) {
	topic := make([]byte, 256)
	var id C.int32_t
	var at C.int64_t
	if C.weir_event_about(e.p, (*C.char)(unsafe.Pointer(&topic[0])), C.size_t(len(topic)), &id, &at) == 0 {
		return txn.Partition{}, 0, false
	}
	return txn.Partition{Topic: C.GoString((*C.char)(unsafe.Pointer(&topic[0]))), ID: int32(id)}, int64(at), true
}

// end says whether the event only tells that the end of a partition is reached, and at which offset.
func (e event) end() (p txn.Partition, offset int64, ok bool) {
	if e.kind() != eventError || kafka.ErrorCode(C.weir_event_error(e.p)) != kafka.ErrPartitionEOF {
		return txn.Partition{}, 0, false
	}
	return e.about()
}

// rebalance returns the event in the Go client's terms, as its own callback gets it.
func (e event) rebalance(rk unsafe.Pointer) kafka.Event {
	tps := make([]kafka.TopicPartition, C.weir_event_partitions(e.p))
	for i := range tps {
		var partition C.int32_t
		topic := C.GoString(C.weir_event_partition(e.p, C.int(i), &partition))
		tps[i] = kafka.TopicPartition{Topic: &topic, Partition: int32(partition)}
	}
	if e.err(rk).Code() == kafka.ErrAssignPartitions {
		return kafka.AssignedPartitions{Partitions: tps}
	}
	return kafka.RevokedPartitions{Partitions: tps}
}
