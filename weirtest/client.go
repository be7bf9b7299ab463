package weirtest

import (
	"context"
	"time"

	"github.com/weirstream/weir/txn"
)

// client lets the injector at every call that matters. Closing, and asking what is known already, can't fail in a way that anybody
// would act on.
type client struct {
	txn.Client
	life    *life
	follows bool // the group's offsets follow a decision that is elsewhere
}

func (c *client) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	k, err := c.Client.NewConsumer(cfg, h)
	name := "commit"
	if c.follows {
		name = "commit-group"
	}
	return &consumer{Consumer: k, life: c.life, commit: name}, err
}

func (c *client) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	p, err := c.Client.NewProducer(cfg)
	return &producer{p, c.life}, err
}

func (c *client) NewAdmin() (txn.Admin, error) {
	a, err := c.Client.NewAdmin()
	return &admin{a, c.life}, err
}

type consumer struct {
	txn.Consumer
	life   *life
	commit string // the name of Commit: the decision, or what follows it
	busy   bool   // the last Poll gave records
}

// Poll lets a fault in once after each one that gave records, and at the very first: how many others there are depends on
// time alone, and they change nothing.
func (c *consumer) Poll(wait time.Duration, most int) (batches []*txn.Batch, err error) {
	poll := func() error {
		batches, err = c.Consumer.Poll(wait, most)
		return err
	}
	if !c.busy {
		err = poll()
	} else {
		c.busy = false
		if err = c.life.kafka("poll", poll); err != nil {
			batches = nil
		}
	}
	c.busy = c.busy || len(batches) > 0
	return batches, err
}

func (c *consumer) Seek(positions map[txn.Partition]int64) error {
	return c.life.kafka("seek", func() error { return c.Consumer.Seek(positions) })
}

func (c *consumer) Pause() error { return c.life.kafka("pause", c.Consumer.Pause) }

func (c *consumer) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return c.life.kafka(c.commit, func() error { return c.Consumer.Commit(ctx, offsets, meta) })
}

func (c *consumer) Committed(ctx context.Context, parts []txn.Partition) (m map[txn.Partition]txn.Position, err error) {
	err = c.life.kafka("committed", func() (err error) { m, err = c.Consumer.Committed(ctx, parts); return err })
	return m, err
}

func (c *consumer) Ends(ctx context.Context, parts []txn.Partition) (m map[txn.Partition]txn.Ends, err error) {
	err = c.life.kafka("ends", func() (err error) { m, err = c.Consumer.Ends(ctx, parts); return err })
	return m, err
}

func (c *consumer) Stable(ctx context.Context, parts []txn.Partition) (m map[txn.Partition]int64, err error) {
	err = c.life.kafka("stable", func() (err error) { m, err = c.Consumer.Stable(ctx, parts); return err })
	return m, err
}

func (c *consumer) Since(ctx context.Context, parts []txn.Partition, ts int64) (m map[txn.Partition]int64, err error) {
	err = c.life.kafka("since", func() (err error) { m, err = c.Consumer.Since(ctx, parts, ts); return err })
	return m, err
}

func (c *consumer) Hold(parts []txn.Partition) error {
	return c.life.kafka("hold", func() error { return c.Consumer.Hold(parts) })
}

func (c *consumer) Subscribe(topics []string) error {
	return c.life.kafka("subscribe", func() error { return c.Consumer.Subscribe(topics) })
}

type producer struct {
	txn.Producer
	life *life
}

func (p *producer) Init(ctx context.Context) error {
	return p.life.kafka("init", func() error { return p.Producer.Init(ctx) })
}

func (p *producer) Begin() error { return p.life.kafka("begin", p.Producer.Begin) }

// Produce is where late effects do the most harm: the next transaction is open and has records.
func (p *producer) Produce(ctx context.Context, records []txn.Record) error {
	return p.life.kafka("produce", func() error {
		err := p.Producer.Produce(ctx, records)
		p.life.arrive()
		return err
	})
}

func (p *producer) Flush(ctx context.Context) error {
	return p.life.kafka("flush", func() error { return p.Producer.Flush(ctx) })
}

func (p *producer) SendOffsets(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return p.life.transactional(ctx, "send-offsets", func(ctx context.Context) error { return p.Producer.SendOffsets(ctx, offsets, meta) })
}

func (p *producer) Commit(ctx context.Context) error {
	return p.life.transactional(ctx, "commit", p.Producer.Commit)
}

func (p *producer) Abort(ctx context.Context) error {
	return p.life.transactional(ctx, "abort", p.Producer.Abort)
}

type admin struct {
	txn.Admin
	life *life
}

func (a *admin) Topics(ctx context.Context, names []string) (m map[string]int, err error) {
	err = a.life.kafka("topics", func() (err error) { m, err = a.Admin.Topics(ctx, names); return err })
	return m, err
}

func (a *admin) AllTopics(ctx context.Context) (m map[string]int, err error) {
	err = a.life.kafka("all-topics", func() (err error) { m, err = a.Admin.AllTopics(ctx); return err })
	return m, err
}

func (a *admin) Unwritable(ctx context.Context, names []string) (denied []string, err error) {
	err = a.life.kafka("unwritable", func() (err error) { denied, err = a.Admin.Unwritable(ctx, names); return err })
	return denied, err
}

func (a *admin) MaxTransactionTimeout(ctx context.Context) (d time.Duration, err error) {
	err = a.life.kafka("max-transaction-timeout", func() (err error) { d, err = a.Admin.MaxTransactionTimeout(ctx); return err })
	return d, err
}

func (a *admin) Members(ctx context.Context, group string) (ms []txn.Member, err error) {
	err = a.life.kafka("members", func() (err error) { ms, err = a.Admin.Members(ctx, group); return err })
	return ms, err
}

func (a *admin) TopicConfig(ctx context.Context, topic string) (m map[string]string, err error) {
	err = a.life.kafka("topic-config", func() (err error) { m, err = a.Admin.TopicConfig(ctx, topic); return err })
	return m, err
}

func (a *admin) Ahead(ctx context.Context, topic string, from map[int32]int64) (m map[int32]int64, err error) {
	err = a.life.kafka("ahead", func() (err error) { m, err = a.Admin.Ahead(ctx, topic, from); return err })
	return m, err
}

func (a *admin) ReadAll(ctx context.Context, topic string) (rs []txn.Record, err error) {
	err = a.life.kafka("read-all", func() (err error) { rs, err = a.Admin.ReadAll(ctx, topic); return err })
	return rs, err
}

func (a *admin) ClusterID(ctx context.Context) (id string, err error) {
	err = a.life.kafka("cluster-id", func() (err error) { id, err = a.Admin.ClusterID(ctx); return err })
	return id, err
}

func (a *admin) CreateTopics(ctx context.Context, specs []txn.TopicSpec) error {
	return a.life.kafka("create-topics", func() error { return a.Admin.CreateTopics(ctx, specs) })
}

func (a *admin) DeleteRecords(ctx context.Context, before map[txn.Partition]int64) error {
	return a.life.kafka("delete-records", func() error { return a.Admin.DeleteRecords(ctx, before) })
}

func (a *admin) Leave(ctx context.Context, group, instanceID, memberID string) error {
	return a.life.kafka("leave", func() error { return a.Admin.Leave(ctx, group, instanceID, memberID) })
}
