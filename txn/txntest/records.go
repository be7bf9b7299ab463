package txntest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/txn"
)

// recordTooLarge: no repetition makes it smaller, and whoever reads the error wants to know which topic.
func recordTooLarge(e *env) {
	topic := e.topic(1)
	id := e.name("id")
	p := e.producer(id)
	e.must(p.Begin())
	err := p.Produce(e.ctx, []txn.Record{{Topic: topic, Partition: 0, Value: make([]byte, 3<<20)}})
	if err == nil {
		err = p.Commit(e.ctx)
	}
	e.class(err, txn.ClassFatal)
	if !strings.Contains(err.Error(), topic) {
		e.Errorf("the error does not name topic %q: %v", topic, err)
	}
	e.must(p.Abort(e.ctx))
	e.commit(e.producer(id), one(topic, "x")) // as after any fatal error; librdkafka's own would have lost count of its sequence numbers
	e.wantValues(topic, true, "x")
}

// faithful: what was written comes back, and null is not the empty string.
func faithful(e *env) {
	topic := e.topic(1)
	written := []txn.Record{
		{Key: nil, Value: nil},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte("k"), Value: nil},
		{Key: nil, Value: []byte("v"), Timestamp: 1_000_000_000_123},
		{Key: []byte("k"), Value: []byte("v"), Headers: []txn.Header{
			{Key: "a", Value: []byte("1")}, {Key: "b", Value: nil}, {Key: "a", Value: []byte{}}, {Key: "", Value: []byte{0, 255}},
		}},
		{Key: bytes.Repeat([]byte{0}, 300), Value: bytes.Repeat([]byte{1, 2}, 100_000)},
	}
	for i := range written {
		written[i].Topic = topic
	}
	e.commit(e.producer(e.name("id")), written...)
	m := e.joined(e.name("g"), "i", 1, topic)
	m.from(0)
	for i, r := range m.take(len(written)) {
		w := written[i]
		if w.Timestamp == 0 {
			w.Timestamp = r.Timestamp
			if r.Timestamp == 0 {
				e.Errorf("record %d has no timestamp", i)
			}
		}
		if r.Topic, w.Offset = topic, int64(i); !reflect.DeepEqual(r, w) {
			e.Errorf("record %d: got %.300v; want %.300v", i, fmt.Sprintf("%#v", r), fmt.Sprintf("%#v", w))
		}
	}
}

// partitioner: AnyPartition chooses as Java's default does, so that others' keys meet ours.
func partitioner(e *env) {
	const parts = 7
	topic := e.topic(parts)
	var rs []txn.Record
	for i := range 50 {
		rs = append(rs, txn.Record{Topic: topic, Partition: txn.AnyPartition, Key: fmt.Appendf(nil, "key-%d", i)})
	}
	e.commit(e.producer(e.name("id")), rs...)
	java := kgo.StickyKeyPartitioner(nil).ForTopic(topic)
	e.soon("all records are committed", 5*time.Second, func() bool {
		n := 0
		for p := range int32(parts) {
			for _, r := range e.read(topic, p, true) {
				n++
				if want := java.Partition(&kgo.Record{Key: r.Key}, parts); want != int(p) {
					e.Fatalf("key %s is in partition %d; want %d", r.Key, p, want)
				}
			}
		}
		return n == len(rs)
	})
}
