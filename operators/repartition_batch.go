package operators

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/weirstream/weir/txn"
)

// What the value of a Kafka record in a repartition topic begins with; its key is the job's id. A client's costs are by the record, so many of the
// stream's records travel in one.
const (
	repartitionBatch byte = 1 // then records, each: trace, key (length as uvarint, bytes), timestamp (varint), value (as the key)
	repartitionMark  byte = 2 // then watermark (varint), idle (a byte) and sender
	repartitionEnd   byte = 3 // then drain (length as uvarint, bytes) and sender
)

// repartitionBytes is what a batch in a repartition topic has about at most.
const repartitionBytes = 32 << 10

var errMalformed = errors.New("a record of a repartition topic is not of the form that this version writes: did something else write to it, or a newer version?")

// topicBatch is a record of a repartition topic under way.
type topicBatch struct {
	value []byte // nil: none
	trace tracer
	room  int // for so many more records
}

// full says whether the record at work should go into a batch of its own; raw, whether its source record goes with it.
func (b *topicBatch) full(t *Task, raw bool, key, value []byte) bool {
	return b.value != nil && (b.room == 0 || len(b.value)+len(key)+len(value)+b.trace.size(t, raw) > repartitionBytes)
}

// crossingOverhead is the most that surrounds key and value of a record that is alone in its batch, but for the name of its source partition's topic and the source record.
const crossingOverhead = 64

// crosses says why the record at work is too large to be sent, in a batch of its own.
func (r *room) crosses(raw bool, key, value []byte) error {
	n := len(r.t.env.Job) + len(key) + len(value) + crossingOverhead
	if o := r.t.origin.Partition; o != nil {
		n += len(o.Topic)
	}
	if raw && r.t.raw != nil {
		n += sizeOfRaw(r.t.raw)
	}
	if n <= r.bytes {
		return nil
	}
	r.ask()
	if n <= r.bytes {
		return nil
	}
	with := ""
	if raw {
		with = ", with the source record for a dead letter"
	}
	return fmt.Errorf("a record of %d bytes%s is too large to cross in topic %q, which takes %d: raise the topic's max.message.bytes, or message.max.bytes of the client if that is less", n, with, r.topic, r.limits.Bytes)
}

// append adds the record at work, on its way through exchange x.
func (b *topicBatch) append(t *Task, x, target int, raw bool, key, value []byte) {
	if b.value == nil {
		b.value = append(make([]byte, 0, repartitionBytes/8), repartitionBatch)
		b.room = t.portion(x, target, math.MaxInt)
	}
	b.room--
	v := appendBytes(b.trace.append(b.value, t, raw), key)
	b.value = appendBytes(binary.AppendVarint(v, t.ts), value)
}

// take hands the batch over, whose memory is the client's from now on.
func (b *topicBatch) take() (value []byte) {
	value = b.value
	*b = topicBatch{}
	return value
}

// crossing is a record on its way through a repartition topic.
type crossing struct {
	key, value []byte
	ts         int64
}

// unpack takes batches of a partition of a repartition topic, without marks, and gives take their records one by one, each of which is
// at work then.
func unpack(t *Task, op int32, take func(r crossing) error) func(b *txn.Batch) error {
	from := traces{known: map[txn.Partition]*txn.Partition{}}
	return func(b *txn.Batch) (err error) {
		defer t.rescue(&err)
		t.atWork = true
		for i := range b.Records {
			from.begin()
			rest, err := openBatch(b.Records[i].Value)
			for len(rest) > 0 && err == nil {
				var r crossing
				if rest, err = from.read(t, rest); err != nil {
					break
				}
				if r, rest, err = readCrossing(rest); err != nil {
					break
				}
				t.op, t.ts = op, r.ts
				t.taken++
				if err := take(r); err != nil {
					return err
				}
			}
			if err != nil { // the batch is to blame, whatever a trace in it says
				t.origin, t.raw = Origin{&b.Partition, b.Records[i].Offset}, nil
				return t.fail(op, err)
			}
		}
		t.atWork, t.raw = false, nil
		return nil
	}
}

func openBatch(value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] != repartitionBatch {
		return nil, errMalformed
	}
	return value[1:], nil
}

func readCrossing(b []byte) (r crossing, rest []byte, err error) {
	if r.key, b, err = cutBytes(b); err != nil {
		return r, nil, err
	}
	ts, n := binary.Varint(b)
	if n <= 0 {
		return r, nil, errMalformed
	}
	r.ts = ts
	r.value, rest, err = cutBytes(b[n:])
	return r, rest, err
}

// cutBytes cuts off bytes behind their length.
func cutBytes(b []byte) (head, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errMalformed
	}
	end := n + int(size)
	return b[n:end:end], b[end:], nil
}
