package operators

import (
	"github.com/weirstream/weir/txn"
)

// Output records go to the client this many at once, or when their keys and values have this many bytes.
const (
	outboxSize  = 512
	outboxBytes = 1 << 20
)

// outbox gathers the output records of all sinks of a chain, in order.
type outbox struct {
	records []txn.Record
	bytes   int
	produce func([]txn.Record) error
}

func (o *outbox) flush() error {
	if len(o.records) == 0 {
		return nil
	}
	err := o.produce(o.records)
	clear(o.records) // keep no key or value alive
	o.records, o.bytes = o.records[:0], 0
	return err
}

// Output is an output record as a sink's function fills it in. At first key and value are nil, which is Kafka's null: a null value is a
// tombstone.
type Output struct {
	Key, Value []byte
	Headers    []txn.Header
	// Timestamp, in ms since the epoch, is that of the record at work at first; 0 lets the client take the current time, and so does a record
	// that has none. One that is too far in the future for its topic (message.timestamp.after.max.ms, 1 hour by default) is an error if it was set here, or came with a
	// raw record. Otherwise the present takes its place: results have the end of their window, and come before it when they are early or when a drain closes it.
	Timestamp int64
	// Topic is the sink's topic at first, if it has just one.
	Topic string
	// Partition is txn.AnyPartition at first: by the sink's own partitioner, else by murmur2 of the key, as Java's client does; records
	// without a key then go to any partition.
	Partition int32

	arenas [2]arena
	lent   int
}

// Buf is an empty slice to append a key or a value to, with room enough that most need no allocation:
//
//	out.Value = append(out.Buf(), word...)
//
// Use it once for each. What was appended must not be changed after the sink's function has returned.
func (o *Output) Buf() []byte {
	if o.lent == len(o.arenas) {
		return []byte{}
	}
	o.lent++
	return o.arenas[o.lent-1].free()
}

// settle takes what was written out of the arenas.
func (o *Output) settle() {
	for i := range o.lent {
		o.Key, o.Value = o.arenas[i].keep(o.Key), o.arenas[i].keep(o.Value)
	}
	o.lent = 0
}

// Sink writes a record for every record that it gets, as encode fills it in.
func Sink[T any](t *Task, uid string, to Destination, encode func(v T, out *Output) error) Push[T] {
	op := t.operator(uid)
	out := &Output{}
	box := &t.out
	route := newRoute(t, op, to)
	_, route.exact = any(*new(T)).(*txn.Record)
	return func(v T) error {
		t.op = op
		out.Key, out.Value, out.Headers, out.lent = nil, nil, nil, 0
		out.Timestamp, out.Partition, out.Topic = t.ts, txn.AnyPartition, route.first
		if err := encode(v, out); err != nil {
			return t.fail(op, err)
		}
		if out.lent > 0 {
			out.settle()
		}
		if out.Timestamp < 0 || out.Partition != txn.AnyPartition || out.Topic != route.first || route.asks || !route.room.surely(out) {
			if err := route.check(out); err != nil {
				return err
			}
		}
		return box.add(out)
	}
}

// add appends the record and hands all over when that makes a full load.
func (o *outbox) add(out *Output) error {
	if o.records == nil {
		o.records = make([]txn.Record, 0, outboxSize)
	}
	n := len(o.records)
	o.records = o.records[:n+1]
	r := &o.records[n]
	r.Key, r.Value, r.Headers = out.Key, out.Value, out.Headers
	r.Timestamp, r.Topic, r.Partition = out.Timestamp, out.Topic, out.Partition
	o.bytes += len(r.Key) + len(r.Value)
	if n+1 < outboxSize && o.bytes < outboxBytes {
		return nil
	}
	return o.flush()
}
