package confluent

import (
	"time"

	"github.com/weirstream/weir/txn"
)

// pollBytes ends a Poll early: what is large takes long to work on, and a barrier waits behind it.
const pollBytes = 256 << 10

// Poll implements txn.Consumer.
func (k *consumer) Poll(wait time.Duration, limit int) ([]*txn.Batch, error) {
	if err := k.takeError(); err != nil {
		return nil, err
	}
	timeout := pollMillis(wait)
	for k.count < limit && k.bytes < pollBytes {
		ev, more := k.fetch.fetch(timeout, limit-k.count, k.add)
		timeout = 0
		if ev.p != nil {
			more = k.event(ev)
		}
		if !more {
			break
		}
	}
	return k.take()
}

// event handles what is not a record, and reports whether this Poll goes on. Records after a rebalance wait for the
// next one.
func (k *consumer) event(ev event) bool {
	defer ev.free()
	switch ev.kind() {
	case eventRebalance:
		_ = k.rebalance(k.c, ev.rebalance(k.rk))
		return false
	case eventError, eventFetch:
		if p, offset, ok := ev.end(); ok {
			k.reached(p, offset)
			return true
		}
		k.fail(k.readError(ev, ev.err(k.rk)))
		return false
	}
	return true // statistics and the like
}

// take hands out the batches of this Poll, or the error if there are none; an error beside batches waits.
func (k *consumer) take() ([]*txn.Batch, error) {
	if k.count == 0 {
		return nil, k.takeError()
	}
	out := k.out
	for _, f := range k.flows {
		f.batch = nil
	}
	k.out, k.count, k.bytes = make([]*txn.Batch, 0, len(out)), 0, 0
	return out, nil
}

func (k *consumer) takeError() error {
	err := k.err
	k.err = nil
	return err
}

// add appends a record to its partition's batch. Records of partitions that nobody let flow are dropped: they were
// fetched before a Seek.
func (k *consumer) add(r *rec, data []byte) {
	f := k.last
	if f == nil || f.ID != int32(r.partition) || f.handle != uintptr(r.topic) {
		if f = k.flowOf(uintptr(r.topic), int32(r.partition)); f == nil {
			return
		}
		k.last = f
	}
	if int64(r.offset) < f.next {
		return
	}
	if f.batch == nil {
		f.batch = txn.NewBatch(f.Partition)
		k.out = append(k.out, f.batch)
	}
	f.next = int64(r.offset) + 1
	f.batch.Records = append(f.batch.Records, decode(r, data))
	size := max(int(r.key_len), 0) + max(int(r.value_len), 0)
	f.batch.Bytes += size
	k.bytes += size
	k.count++
}

// flowOf finds a flow by librdkafka's handle of its topic, which stays the same as long as the assignment.
func (k *consumer) flowOf(handle uintptr, partition int32) *flow {
	for _, f := range k.seen {
		if f.handle == handle && f.ID == partition {
			return f
		}
	}
	f := k.flows[txn.Partition{Topic: topicName(handle), ID: partition}]
	if f != nil {
		f.handle = handle
		k.seen = append(k.seen, f)
	}
	return f
}

// pollMillis rounds up: a wait of 100 µs is not a busy loop.
func pollMillis(d time.Duration) int {
	return int((max(d, 0) + time.Millisecond - 1) / time.Millisecond)
}
