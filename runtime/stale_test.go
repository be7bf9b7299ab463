package runtime_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

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
			l.until(t, "all committed", func(s runtime.Status) bool { return s.Commits > 0 && c.consumed("wordcount") == 200 })
			s.stale.Store(s.made.Load()) // nothing that could fail or be committed is under way
			c.feed("text", lines[200:]...)
			l.until(t, "all committed again", func(runtime.Status) bool { return c.consumed("wordcount") == 400 })
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

// consumed is how many records lie before the committed offsets of a group, which there has to be.
func (c *cluster) consumed(group string) (n int64) {
	c.admin(func(a *kadm.Client) error {
		offsets, err := a.FetchOffsets(c.t.Context(), group)
		if err == nil {
			err = offsets.Error()
		}
		offsets.Each(func(o kadm.OffsetResponse) { n += max(o.At, 0) })
		return err
	})
	return n
}
