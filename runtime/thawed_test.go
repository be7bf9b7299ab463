package runtime_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/txn"
)

// A process is frozen and replaced, and thaws before its consumer can know: its producer is the first to be fenced, or does not hear what became
// of its commit. It must not fence its successor, which would have to stop when that happens twice.
func TestThawedFencesNobody(t *testing.T) {
	for _, successor := range []string{"one", "two"} {
		for _, call := range []string{"produce", "commit"} {
			t.Run(successor+"/"+call, func(t *testing.T) { thawedFencesNobody(newClusters(t), successor, call) })
		}
	}
}

func thawedFencesNobody(c *clusters, successor, call string) {
	f := newFreezer(call, 3)
	u := &unaware{Client: f.client(c.sink.Client("one")), f: f}
	o := c.options("one")
	deaf := make(chan struct{}, 1)
	o.Client, o.SinkClient = unawareSource{f.client(o.Client), f, deaf}, u
	old := c.start(o)
	c.feedUntil(f.frozen)
	<-deaf
	if successor != "one" {
		c.leave("one") // its session is over
	}
	rival := c.start(c.options(successor))
	c.worksOn()
	close(f.thaw)
	select {
	case err := <-old.done:
		if !errors.Is(err, runtime.ErrRival) && !errors.Is(err, runtime.ErrOccupied) {
			c.Errorf("the zombie ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		c.Error("the zombie goes on")
		old.cancel()
	}
	if n := u.inits.Load(); n > 0 {
		c.Errorf("it fenced its successor %d times", n)
	}
	c.worksOn()
	c.must(rival.stop(c.T))
	c.right()
}

// unaware counts fences after the freeze, and hears nothing of a commit that it froze in.
type unaware struct {
	txn.Client
	f     *freezer
	inits atomic.Int32
}

func (u *unaware) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	p, err := u.Client.NewProducer(cfg)
	return unawareProducer{p, u}, err
}

type unawareProducer struct {
	txn.Producer
	u *unaware
}

func (p unawareProducer) Init(ctx context.Context) error {
	select {
	case <-p.u.f.frozen:
		p.u.inits.Add(1)
	default:
	}
	return p.Producer.Init(ctx)
}

func (p unawareProducer) Commit(ctx context.Context) error {
	err := p.Producer.Commit(ctx)
	select {
	case <-p.u.f.frozen:
		return &txn.Error{Op: "commit transaction", Class: txn.ClassUnknown, Code: "_TIMED_OUT", Err: errors.New("messages timed out")}
	default:
		return err
	}
}

// unawareSource has consumers that hear nothing after the freeze: until its next heartbeat no client does.
type unawareSource struct {
	txn.Client
	f    *freezer
	deaf chan struct{}
}

func (s unawareSource) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	k, err := s.Client.NewConsumer(cfg, h)
	return unawareConsumer{k, s.f, s.deaf}, err
}

type unawareConsumer struct {
	txn.Consumer
	f    *freezer
	deaf chan struct{} // gets something when the last call that could hear is over
}

func (k unawareConsumer) Poll(wait time.Duration, most int) ([]*txn.Batch, error) {
	select {
	case <-k.f.frozen:
		select {
		case k.deaf <- struct{}{}:
		default:
		}
		time.Sleep(wait)
		return nil, nil
	default:
		return k.Consumer.Poll(wait, most)
	}
}
