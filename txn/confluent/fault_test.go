package confluent_test

import (
	"context"
	"fmt"
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
	events  []string
}

func (w *world) Assigned(_ []txn.Partition, meta txn.GroupMetadata) {
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
	w := &world{T: t, ctx: ctx, cluster: c}
	w.client, err = confluent.New(txn.ClusterConfig{Brokers: strings.Join(c.ListenAddrs(), ","), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	must(t, err)
	return w
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
	w.p, err = w.client.NewProducer(txn.ProducerConfig{TransactionalID: "id", TransactionTimeout: 5 * time.Second})
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
	if err := w.p.SendOffsets(w.ctx, map[txn.Partition]txn.Position{in0: {Offset: 1}}, w.meta); err != nil {
		return err
	}
	return w.p.Commit(w.ctx)
}

func fault(key kmsg.Key, err *kerr.Error, count int) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: count}
}

// TestTransactionFaults injects one broker error at a time into a transaction and looks at its class, and that the
// way on which the class names does lead on.
func TestTransactionFaults(t *testing.T) {
	const ok = txn.Class(0)
	for _, c := range []struct {
		key  kmsg.Key
		err  *kerr.Error
		n    int
		want txn.Class
	}{
		{kmsg.AddPartitionsToTxn, kerr.ConcurrentTransactions, 3, ok},
		{kmsg.AddPartitionsToTxn, kerr.CoordinatorLoadInProgress, 2, ok},
		{kmsg.AddPartitionsToTxn, kerr.NotCoordinator, 2, ok},
		{kmsg.AddPartitionsToTxn, kerr.InvalidProducerEpoch, 1, txn.ClassFenced},
		{kmsg.AddPartitionsToTxn, kerr.ProducerFenced, 1, txn.ClassFenced},
		{kmsg.AddPartitionsToTxn, kerr.TopicAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.AddPartitionsToTxn, kerr.TransactionalIDAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.AddPartitionsToTxn, kerr.UnknownServerError, 1, txn.ClassUnknown}, // not knowing the code, nobody knows
		{kmsg.Produce, kerr.NotLeaderForPartition, 2, ok},
		{kmsg.Produce, kerr.NotEnoughReplicas, 2, ok},
		{kmsg.Produce, kerr.MessageTooLarge, 1, txn.ClassFatal},
		{kmsg.Produce, kerr.TopicAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.Produce, kerr.InvalidRecord, 1, txn.ClassFatal},
		{kmsg.Produce, kerr.OutOfOrderSequenceNumber, 1, txn.ClassNewProducer},
		{kmsg.Produce, kerr.InvalidProducerEpoch, 1, txn.ClassFenced},
		{kmsg.AddOffsetsToTxn, kerr.ConcurrentTransactions, 3, ok},
		{kmsg.AddOffsetsToTxn, kerr.GroupAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.TxnOffsetCommit, kerr.NotCoordinator, 2, ok},
		{kmsg.TxnOffsetCommit, kerr.CoordinatorLoadInProgress, 2, ok},
		{kmsg.TxnOffsetCommit, kerr.UnknownMemberID, 1, txn.ClassAbort},
		{kmsg.TxnOffsetCommit, kerr.IllegalGeneration, 1, txn.ClassAbort},
		{kmsg.TxnOffsetCommit, kerr.FencedInstanceID, 1, txn.ClassFenced},
		{kmsg.TxnOffsetCommit, kerr.OffsetMetadataTooLarge, 1, txn.ClassFatal},
		{kmsg.TxnOffsetCommit, kerr.InvalidProducerEpoch, 1, txn.ClassFenced},
		{kmsg.EndTxn, kerr.ConcurrentTransactions, 3, ok},
		{kmsg.EndTxn, kerr.NotCoordinator, 2, ok},
		{kmsg.EndTxn, kerr.CoordinatorLoadInProgress, 2, ok},
		{kmsg.EndTxn, kerr.InvalidProducerEpoch, 1, txn.ClassFenced},
		{kmsg.EndTxn, kerr.TransactionalIDAuthorizationFailed, 1, txn.ClassFatal},
		// From here on the broker may have committed, for all that the client knows.
		{kmsg.EndTxn, kerr.RequestTimedOut, 1, txn.ClassUnknown},
		{kmsg.EndTxn, kerr.InvalidTxnState, 1, txn.ClassUnknown},
		{kmsg.EndTxn, kerr.InvalidProducerIDMapping, 1, txn.ClassUnknown},
		{kmsg.EndTxn, kerr.UnknownServerError, 1, txn.ClassUnknown},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			w.produce()
			must(t, w.transact("first"))
			f := w.cluster.Fault(fault(c.key, c.err, c.n))
			err := w.transact("second")
			if got := txn.ClassOf(err); got != c.want {
				t.Errorf("got class %v, want %v: %v", got, c.want, err)
			}
			if f.Hits() < c.n {
				t.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
			}
			f.Remove()
			w.goOn(c.want)
			must(t, w.transact("third"))
		})
	}
}

// goOn does what a class asks for.
func (w *world) goOn(c txn.Class) {
	switch c {
	case 0:
	case txn.ClassAbort:
		must(w, w.p.Abort(w.ctx))
	default:
		w.p.Close()
		w.produce()
	}
}

func TestInitFaults(t *testing.T) {
	for _, c := range []struct {
		key  kmsg.Key
		err  *kerr.Error
		n    int
		want txn.Class
	}{
		{kmsg.FindCoordinator, kerr.CoordinatorNotAvailable, 2, 0},
		{kmsg.InitProducerID, kerr.ConcurrentTransactions, 3, 0},
		{kmsg.InitProducerID, kerr.CoordinatorLoadInProgress, 3, 0},
		{kmsg.InitProducerID, kerr.NotCoordinator, 1, 0},
		{kmsg.InitProducerID, kerr.TransactionalIDAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.InvalidTransactionTimeout, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.ClusterAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.ProducerFenced, 1, txn.ClassFenced},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := w.cluster.Fault(fault(c.key, c.err, c.n))
			p, err := w.client.NewProducer(txn.ProducerConfig{TransactionalID: "id"})
			must(t, err)
			defer p.Close()
			err = p.Init(w.ctx)
			if got := txn.ClassOf(err); got != c.want {
				t.Errorf("got class %v, want %v: %v", got, c.want, err)
			}
			if f.Hits() < c.n {
				t.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
			}
		})
	}
}

// TestCommitNeverAnswered: the broker gets EndTxn and says nothing. Nobody knows; a new producer settles it.
func TestCommitNeverAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join()
	w.produce()
	must(t, w.transact("first"))
	met := make(chan struct{})
	w.cluster.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		close(met)
		return nil, nil, true
	})
	ctx := w.ctx
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := w.transact("second")
	if got := txn.ClassOf(err); got != txn.ClassUnknown {
		t.Errorf("got class %v: %v", got, err)
	}
	<-met
	w.ctx = ctx
	if err := w.p.Begin(); txn.ClassOf(err) != txn.ClassNewProducer {
		t.Errorf("Begin after an unknown outcome: %v", err)
	}
	start := time.Now()
	w.p.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("Close took %v", d)
	}
	w.produce()
	must(t, w.transact("third"))
}

// TestCommitConnectionLost: the connection breaks before the broker acts on EndTxn; librdkafka asks again.
func TestCommitConnectionLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join()
	w.produce()
	met := 0
	w.cluster.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		met++
		return nil, io.ErrUnexpectedEOF, true
	})
	must(t, w.transact("first"))
	if met != 1 {
		t.Errorf("met %d times", met)
	}
}

func TestConsumerFaults(t *testing.T) {
	for _, c := range []struct {
		key    kmsg.Key
		err    *kerr.Error
		n      int
		want   txn.Class
		events string // heard in the end
	}{
		{kmsg.Heartbeat, kerr.UnknownMemberID, 1, 0, "assigned lost assigned"},
		{kmsg.Heartbeat, kerr.IllegalGeneration, 1, 0, "assigned lost assigned"},
		{kmsg.Heartbeat, kerr.RebalanceInProgress, 1, 0, "assigned revoked assigned"},
		{kmsg.Heartbeat, kerr.FencedInstanceID, 1, txn.ClassFenced, ""},
		{kmsg.Fetch, kerr.TopicAuthorizationFailed, 2, txn.ClassFatal, ""}, // kfake looks twice for one answer
		{kmsg.Fetch, kerr.NotLeaderForPartition, 3, 0, "assigned"},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			f := w.cluster.Fault(fault(c.key, c.err, c.n))
			end := time.Now().Add(8 * time.Second)
			for time.Now().Before(end) {
				_, err := w.c.Poll(20*time.Millisecond, 10)
				if got := txn.ClassOf(err); got != 0 && got != txn.ClassRetry {
					if got != c.want {
						t.Errorf("got class %v, want %v: %v", got, c.want, err)
					}
					if c.key == kmsg.Fetch && !strings.Contains(err.Error(), `topic "in" partition 0`) {
						t.Errorf("the error does not name the partition: %v", err)
					}
					break
				}
				if c.want == 0 && f.Hits() >= c.n && strings.Join(w.events, " ") == c.events {
					break
				}
			}
			if !time.Now().Before(end) {
				t.Errorf("neither class %v nor events %q in time; heard %v", c.want, c.events, w.events)
			}
			if f.Hits() < c.n {
				t.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
			}
		})
	}
}

func TestOffsetFaults(t *testing.T) {
	for _, c := range []struct {
		key  kmsg.Key
		err  *kerr.Error
		n    int
		want txn.Class
	}{
		{kmsg.OffsetCommit, kerr.CoordinatorLoadInProgress, 2, 0},
		{kmsg.OffsetCommit, kerr.NotCoordinator, 1, 0},
		{kmsg.OffsetCommit, kerr.RequestTimedOut, 1, 0},
		{kmsg.OffsetCommit, kerr.IllegalGeneration, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.UnknownMemberID, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.RebalanceInProgress, 1, txn.ClassAbort},
		{kmsg.OffsetCommit, kerr.FencedInstanceID, 1, txn.ClassFenced},
		{kmsg.OffsetCommit, kerr.GroupAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.OffsetCommit, kerr.OffsetMetadataTooLarge, 1, txn.ClassFatal},
		{kmsg.OffsetFetch, kerr.UnstableOffsetCommit, 3, 0},
		{kmsg.OffsetFetch, kerr.CoordinatorLoadInProgress, 2, 0},
		{kmsg.OffsetFetch, kerr.GroupAuthorizationFailed, 1, txn.ClassFatal},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			f := w.cluster.Fault(fault(c.key, c.err, c.n))
			var err error
			if c.key == kmsg.OffsetCommit {
				err = w.c.Commit(w.ctx, map[txn.Partition]txn.Position{in0: {Offset: 1}}, w.meta)
			} else {
				_, err = w.c.Committed(w.ctx, []txn.Partition{in0})
			}
			if got := txn.ClassOf(err); got != c.want {
				t.Errorf("got class %v, want %v: %v", got, c.want, err)
			}
			if f.Hits() < c.n {
				t.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
			}
		})
	}
}
