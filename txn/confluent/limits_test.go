package confluent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// What bounds a record is the queue, unless the user has a limit; batches stay as small as they were.
func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		user                map[string]string
		bytes, queue, batch int // batch 0: librdkafka's own
	}{
		"default":        {nil, 64 << 20, 64 << 10, 0},
		"small queue":    {map[string]string{"queue.buffering.max.kbytes": "2048"}, 2 << 20, 2048, 0},
		"limit":          {map[string]string{"message.max.bytes": "2000000"}, 2_000_000, 64 << 10, 0},
		"large limit":    {map[string]string{"message.max.bytes": "100000000"}, 100_000_000, 97657, 0},
		"small batches":  {map[string]string{"batch.size": "50000"}, 64 << 20, 64 << 10, 50_000},
		"large batches":  {map[string]string{"batch.size": "2000000"}, 64 << 20, 64 << 10, 1_000_000},
		"both":           {map[string]string{"batch.size": "2000000", "message.max.bytes": "3000000"}, 3_000_000, 64 << 10, 2_000_000},
		"enormous queue": {map[string]string{"queue.buffering.max.kbytes": "2147483647"}, 1_000_000_000, 2147483647, 0},
	} {
		cl, err := New(txn.ClusterConfig{Brokers: "127.0.0.1:1", Properties: c.user})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := cl.(*client).producerConfig(txn.ProducerConfig{})
		if b, q, s := maxMessageBytes(m), number(m, 0, "queue.buffering.max.kbytes"), number(m, 0, "batch.size"); b != c.bytes || q != c.queue || s != c.batch {
			t.Errorf("%s: message.max.bytes %d, queue.buffering.max.kbytes %d, batch.size %d; want %d, %d, %d", name, b, q, s, c.bytes, c.queue, c.batch)
		}
		p, err := cl.NewProducer(txn.ProducerConfig{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p.Close()
	}
	_, err := New(txn.ClusterConfig{Brokers: "127.0.0.1:1", Properties: map[string]string{"queue.buffering.max.kbytes": "1000", "message.max.bytes": "2000000"}})
	if txn.ClassOf(err) != txn.ClassFatal || !strings.Contains(err.Error(), `queue.buffering.max.kbytes="1000": expected at least 1954, since message.max.bytes=2000000`) {
		t.Errorf("a record that the queue could never take: %v", err)
	}
}

// Large records don't stretch the memory of a producer that can't send: the queue holds as many bytes as ever.
func TestQueueOfLargeRecords(t *testing.T) {
	cl, err := New(txn.ClusterConfig{Brokers: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := cl.NewProducer(txn.ProducerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const size = 3 << 20
	value, n := make([]byte, size), 0
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for ; err == nil && n <= 1000; n++ {
		if n == queueKiB<<10/size { // the queue is full: now it waits
			cancel()
		}
		err = p.Produce(ctx, []txn.Record{{Topic: "t", Value: value}})
	}
	if txn.ClassOf(err) != txn.ClassAbort || n != queueKiB<<10/size+1 {
		t.Errorf("%d records of %d bytes: %v", n, size, err)
	}
}
