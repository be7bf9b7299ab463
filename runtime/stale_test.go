package runtime_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// A producer whose view of the cluster is stale delivers nothing any more, however often its epoch is done again: another one does.
func TestStaleProducer(t *testing.T) {
	for name, g := range map[string]twophase.Guarantee{"exactly-once": twophase.ExactlyOnce, "at-least-once": twophase.AtLeastOnce} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 2, "text", "word-counts")
			lines, _ := text(400)
			c.feed("text", lines[:200]...)
			s := &staleClient{}
			l := c.start(func(o *runtime.Options) {
				o.Guarantee = g
				s.Client, o.Client = o.Client, s
			})
			l.until(t, "records read", read(200))
			commits := l.in.Status().Commits
			s.stale.Store(s.made.Load())
			c.feed("text", lines[200:]...)
			l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > commits })
			if err := l.stop(t); err != nil {
				t.Fatal(err)
			}
			if n := s.failed.Load(); n != 2 {
				t.Errorf("the producer was replaced after %d failures in a row, want 2", n)
			}
		})
	}
}

// staleClient has producers of which those up to a number deliver nothing.
type staleClient struct {
	txn.Client
	made, stale, failed atomic.Int32
}

func (s *staleClient) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	p, err := s.Client.NewProducer(cfg)
	return staleProducer{p, s, s.made.Add(1)}, err
}

type staleProducer struct {
	txn.Producer
	s      *staleClient
	number int32
}

func (p staleProducer) Flush(ctx context.Context) error {
	if p.number > p.s.stale.Load() {
		return p.Producer.Flush(ctx)
	}
	p.s.failed.Add(1)
	return &txn.Error{Op: "flush", Class: txn.ClassAbort, Code: "_MSG_TIMED_OUT", Err: errors.New("a record was not delivered")}
}
