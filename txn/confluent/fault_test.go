package confluent_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

// faultCase is a broker's error, injected n times into requests of one kind, and the class that has to come of it.
type faultCase struct {
	key  kmsg.Key
	err  *kerr.Error
	n    int
	want txn.Class
}

func (c faultCase) name() string { return fmt.Sprintf("%s/%s", c.key.Name(), c.err.Message) }

// under makes a call while the fault is there.
func (c faultCase) under(w *world, call func() error) {
	w.Helper()
	f := w.cluster.Fault(fault(c.key, c.err, c.n))
	defer f.Remove()
	err := call()
	if got := txn.ClassOf(err); got != c.want {
		w.Errorf("got class %v, want %v: %v", got, c.want, err)
	}
	if f.Hits() < c.n {
		w.Errorf("the fault was met %d times; want %d", f.Hits(), c.n)
	}
}

// TestTransactionFaults injects one broker error at a time into a transaction and looks at its class, and that the
// way on which the class names does lead on.
func TestTransactionFaults(t *testing.T) {
	const ok = txn.Class(0)
	for _, c := range []faultCase{
		{kmsg.AddPartitionsToTxn, kerr.ConcurrentTransactions, 3, ok},
		{kmsg.AddPartitionsToTxn, kerr.CoordinatorLoadInProgress, 2, ok},
		{kmsg.AddPartitionsToTxn, kerr.NotCoordinator, 2, ok},
		{kmsg.AddPartitionsToTxn, kerr.InvalidProducerEpoch, 1, txn.ClassFenced},
		{kmsg.AddPartitionsToTxn, kerr.ProducerFenced, 1, txn.ClassFenced},
		{kmsg.AddPartitionsToTxn, kerr.TopicAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.AddPartitionsToTxn, kerr.TransactionalIDAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.AddOffsetsToTxn, kerr.UnknownServerError, 1, txn.ClassAbort},
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
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join()
			w.produce()
			must(t, w.transact("first"))
			c.under(w, func() error { return w.transact("second") })
			w.goOn(c.want)
			if c.want != 0 {
				w.wantOffset(1)
			}
			must(t, w.transact("third"))
		})
	}
}

// wantOffset reads the decision.
func (w *world) wantOffset(want int64) {
	w.Helper()
	got, err := w.c.Committed(w.ctx, []txn.Partition{in0})
	must(w, err)
	if got[in0].Offset != want {
		w.Errorf("the group stands at %d; want %d", got[in0].Offset, want)
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
	for _, c := range []faultCase{
		{kmsg.FindCoordinator, kerr.CoordinatorNotAvailable, 2, 0},
		{kmsg.InitProducerID, kerr.ConcurrentTransactions, 3, 0},
		{kmsg.InitProducerID, kerr.CoordinatorLoadInProgress, 3, 0},
		{kmsg.InitProducerID, kerr.NotCoordinator, 1, 0},
		{kmsg.InitProducerID, kerr.TransactionalIDAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.InvalidTransactionTimeout, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.ClusterAuthorizationFailed, 1, txn.ClassFatal},
		{kmsg.InitProducerID, kerr.ProducerFenced, 1, txn.ClassFenced},
	} {
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p, err := w.client.NewProducer(txn.ProducerConfig{TransactionalID: "id"})
			must(t, err)
			defer p.Close()
			c.under(w, func() error { return p.Init(w.ctx) })
		})
	}
}
