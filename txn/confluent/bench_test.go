package confluent_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/confluent"
)

const (
	benchRecords  = 1_000_000
	benchInterval = time.Second // between commits
)

// tuned are the driver's own settings of the fetcher, so that what is left is the cost of the calls.
var tuned = kafka.ConfigMap{"queued.min.messages": 20000, "queued.max.messages.kbytes": 4096, "fetch.queue.backoff.ms": 2,
	"fetch.max.bytes": 33554432, "fetch.wait.max.ms": 100}

// BenchmarkCopy reads records of 100 bytes and writes them in transactions, once with the bare client and once
// through this package, side by side. One operation is one record; run it with -benchtime=1000000x. WEIR_TEST_BROKERS
// names a real broker; without it the embedded one takes part of the time itself.
func BenchmarkCopy(b *testing.B) {
	brokers := benchBrokers(b)
	in, out := benchTopics(b, brokers)
	b.Run("bare", func(b *testing.B) { measure(b, func(n int) { bareCopy(b, brokers, in, out, n, nil) }) })
	b.Run("bare-tuned", func(b *testing.B) { measure(b, func(n int) { bareCopy(b, brokers, in, out, n, tuned) }) })
	b.Run("weir", func(b *testing.B) {
		measure(b, func(n int) { weirCopy(b, brokers, in, out, n, fmt.Sprint("weir-", os.Getpid())) })
	})
	b.Run("weir-at-least-once", func(b *testing.B) { measure(b, func(n int) { weirCopy(b, brokers, in, out, n, "") }) })
}

func measure(b *testing.B, run func(n int)) {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	run(b.N)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(cpu.Seconds()/float64(b.N)*1e6, "cpu-s/M")
	b.ReportMetric(0, "ns/op")
}

func benchBrokers(b *testing.B) string {
	if s := os.Getenv("WEIR_TEST_BROKERS"); s != "" {
		return s
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	must(b, err)
	b.Cleanup(c.Close)
	return strings.Join(c.ListenAddrs(), ",")
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

var prepared = sync.OnceValues(func() (string, string) {
	return fmt.Sprint("bench-in-", os.Getpid()), fmt.Sprint("bench-out-", os.Getpid())
})

func benchTopics(b *testing.B, brokers string) (string, string) {
	in, out := prepared()
	a, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": brokers})
	must(b, err)
	defer a.Close()
	res, err := a.CreateTopics(b.Context(), []kafka.TopicSpecification{
		{Topic: in, NumPartitions: 4, ReplicationFactor: 1}, {Topic: out, NumPartitions: 4, ReplicationFactor: 1}})
	must(b, err)
	if res[0].Error.Code() != kafka.ErrNoError {
		return in, out
	}
	c, err := confluent.New(txn.ClusterConfig{Brokers: brokers})
	must(b, err)
	p, err := c.NewProducer(txn.ProducerConfig{})
	must(b, err)
	defer p.Close()
	rs := make([]txn.Record, 1000)
	for n := 0; n < benchRecords; n += len(rs) {
		for i := range rs {
			rs[i] = txn.Record{Topic: in, Partition: int32((n + i) / 100 % 4), Key: fmt.Appendf(nil, "key-%06d", (n+i)%100_000), Value: bytes.Repeat([]byte("x"), 90)}
		}
		must(b, p.Produce(b.Context(), rs))
	}
	must(b, p.Flush(b.Context()))
	return in, out
}

// reader seeks to the start of whatever it is assigned.
type reader struct {
	c       txn.Consumer
	meta    txn.GroupMetadata
	pending map[txn.Partition]int64
}

func (r *reader) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	r.meta, r.pending = meta, map[txn.Partition]int64{}
	for _, p := range parts {
		r.pending[p] = 0
	}
}
func (r *reader) Revoked([]txn.Partition) {}
func (r *reader) Lost([]txn.Partition)    {}

func weirCopy(b *testing.B, brokers, in, out string, n int, id string) {
	cl, err := confluent.New(txn.ClusterConfig{Brokers: brokers})
	must(b, err)
	r := &reader{}
	r.c, err = cl.NewConsumer(txn.ConsumerConfig{Topics: []string{in}, Group: fmt.Sprint("weir-", time.Now().UnixNano())}, r)
	must(b, err)
	defer r.c.Close()
	p, err := cl.NewProducer(txn.ProducerConfig{TransactionalID: id})
	must(b, err)
	defer p.Close()
	must(b, p.Init(b.Context()))
	must(b, p.Begin())
	for r.pending == nil {
		_, err := r.c.Poll(100*time.Millisecond, 1)
		must(b, err)
	}
	must(b, r.c.Seek(r.pending))
	copied, last := 0, time.Time{}
	offsets := map[txn.Partition]txn.Position{}
	for copied < n {
		bs, err := r.c.Poll(100*time.Millisecond, min(1000, n-copied))
		must(b, err)
		for _, batch := range bs {
			if copied == 0 {
				b.ResetTimer()
				last = time.Now()
			}
			copied += len(batch.Records)
			offsets[batch.Partition] = txn.Position{Offset: batch.Records[len(batch.Records)-1].Offset + 1}
			for i := range batch.Records {
				batch.Records[i].Topic, batch.Records[i].Partition = out, batch.Partition.ID
			}
			must(b, p.Produce(b.Context(), batch.Records))
			txn.Recycle(batch)
		}
		if copied >= n || time.Since(last) > benchInterval {
			commitCopy(b, r, p, offsets, id != "")
			last = time.Now()
		}
	}
	b.StopTimer()
}

func commitCopy(b *testing.B, r *reader, p txn.Producer, offsets map[txn.Partition]txn.Position, exactlyOnce bool) {
	if exactlyOnce {
		must(b, p.SendOffsets(b.Context(), offsets, r.meta))
		must(b, p.Commit(b.Context()))
	} else {
		must(b, p.Flush(b.Context()))
		must(b, r.c.Commit(b.Context(), offsets, r.meta))
	}
	must(b, p.Begin())
}
