package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/weirstream/weir/txn"
)

// clusterName says in an error where it comes from.
type clusterName string

func (n clusterName) say(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", n, err)
}

// named lets errors of a client say which cluster they come from.
type named struct {
	txn.Client
	clusterName
}

func (n named) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	c, err := n.Client.NewConsumer(cfg, h)
	return namedConsumer{c, n.clusterName}, n.say(err)
}

func (n named) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	p, err := n.Client.NewProducer(cfg)
	return namedProducer{p, n.clusterName}, n.say(err)
}

func (n named) NewAdmin() (txn.Admin, error) {
	a, err := n.Client.NewAdmin()
	return namedAdmin{a, n.clusterName}, n.say(err)
}

type namedConsumer struct {
	txn.Consumer
	clusterName
}

func (c namedConsumer) Poll(wait time.Duration, most int) ([]*txn.Batch, error) {
	b, err := c.Consumer.Poll(wait, most)
	return b, c.say(err)
}

func (c namedConsumer) Seek(positions map[txn.Partition]int64) error {
	return c.say(c.Consumer.Seek(positions))
}

func (c namedConsumer) Pause() error                     { return c.say(c.Consumer.Pause()) }
func (c namedConsumer) Resume() error                    { return c.say(c.Consumer.Resume()) }
func (c namedConsumer) Hold(parts []txn.Partition) error { return c.say(c.Consumer.Hold(parts)) }
func (c namedConsumer) Subscribe(topics []string) error  { return c.say(c.Consumer.Subscribe(topics)) }

func (c namedConsumer) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return c.say(c.Consumer.Commit(ctx, offsets, meta))
}

func (c namedConsumer) Committed(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	m, err := c.Consumer.Committed(ctx, parts)
	return m, c.say(err)
}

func (c namedConsumer) Ends(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Ends, error) {
	m, err := c.Consumer.Ends(ctx, parts)
	return m, c.say(err)
}

func (c namedConsumer) Stable(ctx context.Context, parts []txn.Partition) (map[txn.Partition]int64, error) {
	m, err := c.Consumer.Stable(ctx, parts)
	return m, c.say(err)
}

func (c namedConsumer) Since(ctx context.Context, parts []txn.Partition, ts int64) (map[txn.Partition]int64, error) {
	m, err := c.Consumer.Since(ctx, parts, ts)
	return m, c.say(err)
}

type namedProducer struct {
	txn.Producer
	clusterName
}

func (p namedProducer) Init(ctx context.Context) error { return p.say(p.Producer.Init(ctx)) }
func (p namedProducer) Begin() error                   { return p.say(p.Producer.Begin()) }
func (p namedProducer) Flush(ctx context.Context) error {
	return p.say(p.Producer.Flush(ctx))
}
func (p namedProducer) Commit(ctx context.Context) error { return p.say(p.Producer.Commit(ctx)) }
func (p namedProducer) Abort(ctx context.Context) error  { return p.say(p.Producer.Abort(ctx)) }
func (p namedProducer) Produce(ctx context.Context, records []txn.Record) error {
	return p.say(p.Producer.Produce(ctx, records))
}

func (p namedProducer) SendOffsets(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return p.say(p.Producer.SendOffsets(ctx, offsets, meta))
}

type namedAdmin struct {
	txn.Admin
	clusterName
}

func (a namedAdmin) Topics(ctx context.Context, names []string) (map[string]int, error) {
	m, err := a.Admin.Topics(ctx, names)
	return m, a.say(err)
}

func (a namedAdmin) AllTopics(ctx context.Context) (map[string]int, error) {
	m, err := a.Admin.AllTopics(ctx)
	return m, a.say(err)
}

func (a namedAdmin) Unwritable(ctx context.Context, names []string) ([]string, error) {
	denied, err := a.Admin.Unwritable(ctx, names)
	return denied, a.say(err)
}

func (a namedAdmin) Members(ctx context.Context, group string) ([]txn.Member, error) {
	m, err := a.Admin.Members(ctx, group)
	return m, a.say(err)
}

func (a namedAdmin) Committed(ctx context.Context, group string, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	m, err := a.Admin.Committed(ctx, group, parts)
	return m, a.say(err)
}

func (a namedAdmin) MaxTransactionTimeout(ctx context.Context) (time.Duration, error) {
	d, err := a.Admin.MaxTransactionTimeout(ctx)
	return d, a.say(err)
}

func (a namedAdmin) Leave(ctx context.Context, group, instanceID, memberID string) error {
	return a.say(a.Admin.Leave(ctx, group, instanceID, memberID))
}

func (a namedAdmin) DeleteRecords(ctx context.Context, before map[txn.Partition]int64) error {
	return a.say(a.Admin.DeleteRecords(ctx, before))
}

func (a namedAdmin) CreateTopics(ctx context.Context, topics []txn.TopicSpec) error {
	return a.say(a.Admin.CreateTopics(ctx, topics))
}

func (a namedAdmin) TopicConfig(ctx context.Context, topic string) (map[string]string, error) {
	m, err := a.Admin.TopicConfig(ctx, topic)
	return m, a.say(err)
}

func (a namedAdmin) Limits(ctx context.Context, topic string) (txn.Limits, error) {
	l, err := a.Admin.Limits(ctx, topic)
	return l, a.say(err)
}

func (a namedAdmin) Ahead(ctx context.Context, topic string, from map[int32]int64) (map[int32]int64, error) {
	m, err := a.Admin.Ahead(ctx, topic, from)
	return m, a.say(err)
}

func (a namedAdmin) ReadAll(ctx context.Context, topic string) ([]txn.Record, error) {
	rs, err := a.Admin.ReadAll(ctx, topic)
	return rs, a.say(err)
}

func (a namedAdmin) ClusterID(ctx context.Context) (string, error) {
	id, err := a.Admin.ClusterID(ctx)
	return id, a.say(err)
}
