package confluent_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/confluent"
)

// world is an embedded broker with a consumer that owns the one partition of topic "in" and a producer.
type world struct {
	*testing.T
	ctx     context.Context
	cluster *kfake.Cluster
	client  txn.Client
	c       txn.Consumer
	p       txn.Producer
	meta    txn.GroupMetadata
	owned   []txn.Partition
	events  []string
	offset  int64         // of the last transact
	timeout time.Duration // of transactions
}

func (w *world) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	w.owned = parts
	w.meta, w.events = meta, append(w.events, "assigned")
}
func (w *world) Revoked([]txn.Partition) { w.events = append(w.events, "revoked") }
func (w *world) Lost([]txn.Partition)    { w.events = append(w.events, "lost") }

var in0 = txn.Partition{Topic: "in"}

func newWorld(t *testing.T) *world {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "in", "out"))
	must(t, err)
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	w := &world{T: t, ctx: ctx, cluster: c, timeout: 5 * time.Second}
	w.connect(nil)
	return w
}

// newQuietWorld is one whose client looks at the cluster only when it has a reason to: the regular look can't come to its help.
func newQuietWorld(t *testing.T) *world {
	w := newWorld(t)
	w.connect(map[string]string{"topic.metadata.refresh.interval.ms": "300000", "metadata.recovery.rebootstrap.trigger.ms": "300000"})
	return w
}

func (w *world) connect(properties map[string]string) {
	var err error
	w.client, err = confluent.New(txn.ClusterConfig{
		Brokers: strings.Join(w.cluster.ListenAddrs(), ","), Properties: properties, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(w, err)
}

func (w *world) join() {
	var err error
	w.c, err = w.client.NewConsumer(txn.ConsumerConfig{Topics: []string{"in"}, Group: "g", InstanceID: "i", SessionTimeout: 6 * time.Second}, w)
	must(w, err)
	w.Cleanup(func() { _ = w.c.Close() })
	for w.meta == nil && w.ctx.Err() == nil {
		_, err := w.c.Poll(20*time.Millisecond, 1)
		must(w, err)
	}
	must(w, w.c.Seek(map[txn.Partition]int64{in0: 0}))
}

func (w *world) produce() {
	var err error
	w.p, err = w.client.NewProducer(txn.ProducerConfig{TransactionalID: "id", TransactionTimeout: w.timeout})
	must(w, err)
	w.Cleanup(w.p.Close)
	must(w, w.p.Init(w.ctx))
}

// transact does one epoch and returns the first error.
func (w *world) transact(value string) error {
	if err := w.p.Begin(); err != nil {
		return err
	}
	if err := w.p.Produce(w.ctx, []txn.Record{{Topic: "out", Value: []byte(value)}}); err != nil {
		return err
	}
	w.offset++
	if err := w.p.SendOffsets(w.ctx, map[txn.Partition]txn.Position{in0: {Offset: w.offset}}, w.meta); err != nil {
		return err
	}
	return w.p.Commit(w.ctx)
}

func fault(key kmsg.Key, err *kerr.Error, count int) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: count}
}
