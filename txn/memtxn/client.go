package memtxn

import (
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/txn"
)

// Client is a txn.Client: one process that talks to the cluster.
type Client struct {
	cluster *Cluster
	id      string
	killed  atomic.Bool
}

var _ txn.Client = (*Client)(nil)

// Client makes a client with an id that group members show.
func (c *Cluster) Client(id string) *Client { return &Client{cluster: c, id: id} }

// Kill is the end of the process: no later call has an effect, and all return an error of ClassFatal. A call that is under way
// in another goroutine is before it or after it as a whole.
func (k *Client) Kill() {
	c := k.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.killed.Swap(true) {
		return
	}
	for _, g := range c.groups {
		for _, m := range g.members {
			if m.client == k {
				m.left = time.Now()
			}
		}
	}
	c.wake()
}

// enter begins a call: it locks the cluster, and the result unlocks it.
func (k *Client) enter(op string) (leave func(), err error) {
	k.cluster.mu.Lock()
	if k.killed.Load() {
		k.cluster.mu.Unlock()
		return nil, fail(op, txn.ClassFatal, "_KILLED", errKilled)
	}
	k.cluster.expire()
	return k.cluster.mu.Unlock, nil
}

// NewConsumer implements txn.Client.
func (k *Client) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	return &consumer{client: k, cluster: k.cluster, cfg: cfg, handler: h, positions: map[txn.Partition]int64{}}, nil
}

// NewProducer implements txn.Client.
func (k *Client) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	return &producer{client: k, cluster: k.cluster, cfg: cfg}, nil
}

// NewAdmin implements txn.Client.
func (k *Client) NewAdmin() (txn.Admin, error) { return &admin{client: k, cluster: k.cluster}, nil }
