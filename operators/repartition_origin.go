package operators

import (
	"encoding/binary"
	"strconv"

	"github.com/weirstream/weir/txn"
)

// In a repartition topic the origin of a record stands between timestamp and value: the length of the source topic's name (uvarint) and the name,
// the partition (uvarint) and the offset (varint). Without a topic it was a timer: its time (varint) follows.

func (o Origin) append(dst []byte) []byte {
	if o.Partition == nil {
		return binary.AppendVarint(append(dst, 0), o.Offset)
	}
	dst = append(binary.AppendUvarint(dst, uint64(len(o.Partition.Topic))), o.Partition.Topic...)
	dst = binary.AppendUvarint(dst, uint64(uint32(o.Partition.ID)))
	return binary.AppendVarint(dst, o.Offset)
}

// origins are the source partitions that a task has met, each of them once.
type origins map[txn.Partition]*txn.Partition

// read takes an origin from the front of b.
func (known origins) read(b []byte) (o Origin, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return o, nil, errMalformed
	}
	topic, rest := b[n:n+int(size)], b[n+int(size):]
	if size > 0 {
		id, n := binary.Uvarint(rest)
		if n <= 0 || id > 1<<31-1 {
			return o, nil, errMalformed
		}
		rest = rest[n:]
		o.Partition = known[txn.Partition{Topic: string(topic), ID: int32(id)}]
		if o.Partition == nil {
			o.Partition = &txn.Partition{Topic: string(topic), ID: int32(id)}
			known[*o.Partition] = o.Partition
		}
	}
	if o.Offset, n = binary.Varint(rest); n <= 0 {
		return o, nil, errMalformed
	}
	return o, rest[n:], nil
}

// The headers of a record in a repartition topic hold the source record that it was made of, if a dead letter may be written behind it: one with
// its key, one with its value and the timestamp (decimal) as its name, and then its own.

func (t *Task) rawHeaders() []txn.Header {
	r := t.raw
	if r == nil {
		return nil
	}
	headers := make([]txn.Header, 0, len(r.Headers)+2)
	headers = append(headers, txn.Header{Value: r.Key}, txn.Header{Key: strconv.FormatInt(r.Timestamp, 10), Value: r.Value})
	return append(headers, r.Headers...)
}

// readRaw puts the source record in its place, if there is one.
func (t *Task) readRaw(headers []txn.Header) error {
	t.raw = nil
	if len(headers) == 0 {
		return nil
	}
	if len(headers) == 1 {
		return errMalformed
	}
	ts, err := strconv.ParseInt(headers[1].Key, 10, 64)
	if err != nil {
		return errMalformed
	}
	t.source = txn.Record{Key: headers[0].Value, Value: headers[1].Value, Headers: headers[2:], Timestamp: ts}
	t.raw = &t.source
	return nil
}
