package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/weirstream/weir/txn"
)

// openClusters makes the admins and finds where decisions are kept.
func (in *Instance) openClusters() (err error) {
	if in.admin, err = in.o.Client.NewAdmin(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	in.sinkAdmin = in.admin
	if in.o.SinkClient == nil {
		return nil
	}
	if in.sinkAdmin, err = in.o.SinkClient.NewAdmin(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// compareClusters warns of two addresses of one cluster. It is no error: both paths are sound there, and clusters that were
// set up from one template can have the same id.
func (in *Instance) compareClusters(ctx context.Context) error {
	if in.o.SinkClient == nil {
		return nil
	}
	source, err := in.admin.ClusterID(ctx)
	if err != nil {
		return err
	}
	sink, err := in.sinkAdmin.ClusterID(ctx)
	if err == nil && source == sink {
		in.log.Warn("WEIR_SINK_BROKERS leads to a cluster with the id of that of WEIR_BROKERS; if it is the same one, leave WEIR_SINK_BROKERS out before the job's first start", "cluster", sink)
	}
	return err
}

// sinkClient reaches the cluster that outputs are written to.
func (in *Instance) sinkClient() txn.Client {
	if in.o.SinkClient != nil {
		return in.o.SinkClient
	}
	return in.o.Client
}

// clusterOf is what errors call the cluster that an admin asks.
func (in *Instance) clusterOf(a txn.Admin) string {
	switch {
	case in.o.SinkClient == nil:
		return "cluster"
	case a == in.sinkAdmin:
		return "sink cluster"
	}
	return "source cluster"
}

// transactionalID is what fences. On one cluster it is the instance's, and the group's generation does the rest. On two clusters nobody
// checks the generation, so that all instances share one id: whoever comes last is the only one that can commit.
func (in *Instance) transactionalID() string {
	if in.o.SinkClient != nil {
		return in.o.JobID
	}
	return in.o.JobID + "-" + in.o.InstanceID
}

// clusterName says in an error where it comes from.
type clusterName string

func (n clusterName) say(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", n, err)
}

// identity is what a fence is about.
func (in *Instance) identity() string {
	if in.o.SinkClient != nil {
		return fmt.Sprintf("job %q, whose instances share one transactional id, since its sinks are on a cluster of their own", in.o.JobID)
	}
	return fmt.Sprintf("instance %q of job %q", in.o.InstanceID, in.o.JobID)
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

type namedAdmin struct {
	txn.Admin
	clusterName
}

func (a namedAdmin) Topics(ctx context.Context, names []string) (map[string]int, error) {
	m, err := a.Admin.Topics(ctx, names)
	return m, a.say(err)
}

func (a namedAdmin) Members(ctx context.Context, group string) ([]txn.Member, error) {
	m, err := a.Admin.Members(ctx, group)
	return m, a.say(err)
}

func (a namedAdmin) CreateTopics(ctx context.Context, topics []txn.TopicSpec) error {
	return a.say(a.Admin.CreateTopics(ctx, topics))
}

func (a namedAdmin) TopicConfig(ctx context.Context, topic string) (map[string]string, error) {
	m, err := a.Admin.TopicConfig(ctx, topic)
	return m, a.say(err)
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
