package runtime_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/txn"
)

// A process that is frozen at any call is replaced by one of another name, and thaws while that one works: it adds nothing, takes nothing away, and ends.
func TestTwoClustersZombie(t *testing.T) {
	for _, call := range []string{"init", "read-all", "begin", "produce", "produce decision", "commit", "committed", "commit group", "poll"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			zombieAt(newClusters(t), call) // in real time: a zombie's consumer stays behind for good, which no bubble allows
		})
	}
}

func zombieAt(c *clusters, call string) {
	after := 3
	if call == "init" || call == "read-all" || call == "committed" {
		after = 0
	}
	f := newFreezer(call, after)
	o := c.options("one")
	o.Client, o.SinkClient = f.client(o.Client), f.client(o.SinkClient)
	old := c.start(o)
	c.feedUntil(f.frozen)
	c.leave("one") // its session is over
	rival := c.start(c.options("two"))
	c.worksOn()
	close(f.thaw)
	if err := old.end(c); !errors.Is(err, runtime.ErrOccupied) && !errors.Is(err, runtime.ErrRival) {
		c.Errorf("the zombie ended with %v", err)
	}
	c.worksOn()
	c.must(rival.stop(c.T))
	c.right()
}

// feedUntil feeds now and then until something is done.
func (c *clusters) feedUntil(done <-chan struct{}) {
	for {
		c.feed(1)
		select {
		case <-done:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// worksOn feeds a little and waits until it is counted.
func (c *clusters) worksOn() {
	c.Helper()
	c.feed(3)
	c.counted()
}

// leave takes a member out of the group.
func (c *clusters) leave(instance string) {
	a, err := c.source.Client("broker").NewAdmin()
	c.must(err)
	c.must(a.Leave(c.Context(), "wordcount", instance, ""))
}

// freezer stops a whole process at one of its calls.
type freezer struct {
	call  string
	after int // so many of them pass

	mu     sync.Mutex
	seen   int
	frozen chan struct{}
	thaw   chan struct{}
}

func newFreezer(call string, after int) *freezer {
	return &freezer{call: call, after: after, frozen: make(chan struct{}), thaw: make(chan struct{})}
}

func (f *freezer) client(c txn.Client) txn.Client { return freezingClient{c, f} }

// at blocks the call, and after it every other.
func (f *freezer) at(call string) {
	f.mu.Lock()
	if call == f.call {
		if f.seen++; f.seen == f.after+1 {
			close(f.frozen)
		}
	}
	f.mu.Unlock()
	select {
	case <-f.frozen:
		<-f.thaw
	default:
	}
}

type freezingClient struct {
	txn.Client
	f *freezer
}

func (c freezingClient) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	k, err := c.Client.NewConsumer(cfg, h)
	return freezingConsumer{k, c.f}, err
}

func (c freezingClient) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	p, err := c.Client.NewProducer(cfg)
	return freezingProducer{p, c.f}, err
}

func (c freezingClient) NewAdmin() (txn.Admin, error) {
	a, err := c.Client.NewAdmin()
	return freezingAdmin{a, c.f}, err
}

type freezingConsumer struct {
	txn.Consumer
	f *freezer
}

func (k freezingConsumer) Poll(wait time.Duration, most int) ([]*txn.Batch, error) {
	k.f.at("poll")
	return k.Consumer.Poll(wait, most)
}

func (k freezingConsumer) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	k.f.at("commit group")
	return k.Consumer.Commit(context.WithoutCancel(ctx), offsets, meta)
}

func (k freezingConsumer) Committed(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	k.f.at("committed")
	return k.Consumer.Committed(ctx, parts)
}

type freezingProducer struct {
	txn.Producer
	f *freezer
}

func (p freezingProducer) Init(ctx context.Context) error {
	p.f.at("init")
	return p.Producer.Init(context.WithoutCancel(ctx))
}

func (p freezingProducer) Begin() error { p.f.at("begin"); return p.Producer.Begin() }

func (p freezingProducer) Produce(ctx context.Context, records []txn.Record) error {
	if records[0].Topic == "wordcount-commits" {
		p.f.at("produce decision")
	} else {
		p.f.at("produce")
	}
	return p.Producer.Produce(context.WithoutCancel(ctx), records)
}

func (p freezingProducer) Commit(ctx context.Context) error {
	p.f.at("commit")
	return p.Producer.Commit(context.WithoutCancel(ctx))
}

type freezingAdmin struct {
	txn.Admin
	f *freezer
}

func (a freezingAdmin) ReadAll(ctx context.Context, topic string) ([]txn.Record, error) {
	a.f.at("read-all")
	return a.Admin.ReadAll(context.WithoutCancel(ctx), topic)
}
