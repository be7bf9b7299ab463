package memtxn

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/txn"
)

const (
	maxTransactionTimeout = 15 * time.Minute
	maxMetadata           = 4096    // offset.metadata.max.bytes, in UTF-16 units as Java counts
	maxRecord             = 1048588 // message.max.bytes
)

// Cluster holds topics, groups and transactions. It is safe for concurrent use.
type Cluster struct {
	mu        sync.Mutex
	changed   chan struct{} // closed, and replaced, at every change that somebody may wait for
	id        string
	topics    map[string][]*partition
	configs   map[string]map[string]string // of topics
	producers map[string]*producerID       // by transactional id
	groups    map[string]*group
	members   int   // names members
	written   int64 // numbers all records of the cluster in the order of their writing
}

// clusters numbers all of them: each has an id of its own.
var clusters atomic.Int64

// NewCluster is empty.
func NewCluster() *Cluster {
	return &Cluster{
		changed: make(chan struct{}), id: fmt.Sprintf("memory-%d", clusters.Add(1)),
		topics: map[string][]*partition{}, configs: map[string]map[string]string{},
		producers: map[string]*producerID{}, groups: map[string]*group{},
	}
}

// CreateTopic makes a topic.
func (c *Cluster) CreateTopic(name string, partitions int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, exists := c.topics[name]; exists || partitions < 1 || name == "" {
		return fmt.Errorf("topic %q with %d partitions: it exists already, or these can't be", name, partitions)
	}
	c.create(name, partitions)
	return nil
}

func (c *Cluster) create(name string, partitions int) {
	parts := make([]*partition, partitions)
	for i := range parts {
		parts[i] = &partition{}
	}
	c.topics[name], c.configs[name] = parts, map[string]string{"cleanup.policy": "delete"}
	c.wake()
}

// largest is how large a record of a topic may be: max.message.bytes as it was given when the topic was made, or Kafka's default.
func (c *Cluster) largest(topic string) int {
	if n, err := strconv.Atoi(c.configs[topic]["max.message.bytes"]); err == nil {
		return n
	}
	return maxRecord
}

// AddPartitions lets a topic grow to as many partitions. As with Kafka, consumers get them when their group next deals out.
func (c *Cluster) AddPartitions(topic string, partitions int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts, exists := c.topics[topic]
	if !exists || partitions <= len(parts) {
		return fmt.Errorf("topic %q with %d partitions: it has %d, or does not exist", topic, partitions, len(parts))
	}
	for len(parts) < partitions {
		parts = append(parts, &partition{})
	}
	c.topics[topic] = parts
	c.wake()
	return nil
}

// Append writes records as a producer without transactions does.
func (c *Cluster) Append(records ...txn.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(nil, new(int), records)
}

// DeleteBefore lets go of the records of a partition below offset, as retention does.
func (c *Cluster) DeleteBefore(p txn.Partition, offset int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	log, err := c.partition(p)
	if err == nil {
		log.truncate(offset)
	}
	return err
}

// Records returns what a topic holds, in the order of its writing across all partitions: if committed, only what a
// read_committed consumer gets. Topic and Partition of the records are filled in.
func (c *Cluster) Records(topic string, committed bool) ([]txn.Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire()
	parts, ok := c.topics[topic]
	if !ok {
		return nil, fmt.Errorf("topic %q does not exist", topic)
	}
	return merged(topic, parts, committed), nil
}

// Committed returns a group's committed positions, without those of pending transactions.
func (c *Cluster) Committed(name string) map[txn.Partition]txn.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[txn.Partition]txn.Position{}
	if g := c.groups[name]; g != nil {
		for p, pos := range g.offsets {
			out[p] = pos
		}
	}
	return out
}

// Ends returns the ends of a partition and its last stable offset.
func (c *Cluster) Ends(p txn.Partition) (ends txn.Ends, stable int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire()
	log, err := c.partition(p)
	if err != nil {
		return txn.Ends{}, 0, err
	}
	return log.ends(), log.stable(), nil
}

// partition finds a log.
func (c *Cluster) partition(p txn.Partition) (*partition, error) {
	parts := c.topics[p.Topic]
	if p.ID < 0 || int(p.ID) >= len(parts) {
		return nil, fmt.Errorf("topic %q partition %d does not exist", p.Topic, p.ID)
	}
	return parts[p.ID], nil
}

// wake tells all who wait to look again.
func (c *Cluster) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// expire does what time has brought.
func (c *Cluster) expire() {
	now := time.Now()
	for _, id := range c.producers {
		id.expire(c, now)
	}
	for _, g := range c.groups {
		g.expire(c, now)
	}
}
