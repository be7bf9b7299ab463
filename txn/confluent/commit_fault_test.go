package confluent_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/txn"
)

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
	w.wantOffset(1) // this time the broker did not commit
	must(t, w.transact("third"))
}

// TestCommitDoneButFailed: the broker commits and then answers with an error, as one does that could not replicate in
// time. librdkafka calls that abortable; it is not.
func TestCommitDoneButFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join()
	w.produce()
	must(t, w.transact("first"))
	other, err := kgo.NewClient(kgo.SeedBrokers(w.cluster.ListenAddrs()...))
	must(t, err)
	defer other.Close()
	first, done := true, make(chan error, 1)
	w.cluster.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if !first {
			return nil, nil, false
		}
		first = false
		end := *req.(*kmsg.EndTxnRequest)
		w.cluster.SleepControl(func() { _, err := end.RequestWith(w.ctx, other); done <- err })
		resp := req.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.RequestTimedOut.Code
		return resp, nil, true
	})
	unknown := w.transact("second")
	must(t, <-done)
	if got := txn.ClassOf(unknown); got != txn.ClassUnknown {
		t.Errorf("got class %v: %v", got, unknown)
	}
	w.goOn(txn.ClassUnknown)
	w.wantOffset(2)
	must(t, w.transact("third"))
}

// TestCommitConnectionLost: the connection breaks before the broker acts on EndTxn; librdkafka asks again.
func TestCommitConnectionLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join()
	w.produce()
	var met atomic.Int32
	w.cluster.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		met.Add(1)
		return nil, io.ErrUnexpectedEOF, true
	})
	must(t, w.transact("first"))
	if met.Load() != 1 {
		t.Errorf("met %d times", met.Load())
	}
}
