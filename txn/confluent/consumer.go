package confluent

import (
	"errors"
	"sync"
	"time"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// consumer implements txn.Consumer.
//
// Who owns what: the goroutine that polls owns everything but c, which librdkafka guards itself, and the two locks.
type consumer struct {
	cfg     txn.ConsumerConfig
	handler txn.RebalanceHandler
	c       *kafka.Consumer
	rk      unsafe.Pointer // c's handle
	fetch   *fetcher
	admin   *kafka.AdminClient // borrows c's connections
	logs    *logPipe
	brokers string

	// life is held shared by every call that may run beside Close, which takes it.
	life   sync.RWMutex
	closed bool
	// member is held shared while an offset commit is under way. Giving up an assignment takes it: librdkafka joins
	// the next generation only after that, so a commit never goes out under a newer generation than it asked for.
	member sync.RWMutex

	leaving bool                    // Close was called
	owned   []txn.Partition         // as of the last Assigned
	flows   map[txn.Partition]*flow // partitions whose records may flow
	seen    []*flow                 // those of flows that gave records
	last    *flow                   // of the last record: the next is likely of the same partition
	out     []*txn.Batch            // of the Poll under way
	count   int                     // records in out
	bytes   int                     // of their keys and values
	paused  bool
	held    []txn.Partition // see Hold
	err     error           // to be returned by the next Poll
}

// flow is one partition that is being read.
type flow struct {
	txn.Partition
	handle uintptr    // librdkafka's of the topic, 0 before the first record
	next   int64      // the offset after the last record
	batch  *txn.Batch // being filled in this Poll, or nil
}

// NewConsumer implements txn.Client. It subscribes; librdkafka joins the group in the background, but calls back in
// Poll only.
func (c *client) NewConsumer(cfg txn.ConsumerConfig, h txn.RebalanceHandler) (txn.Consumer, error) {
	m := c.consumerConfig(cfg)
	k := &consumer{cfg: cfg, handler: h, brokers: c.cfg.Brokers, flows: map[txn.Partition]*flow{}}
	k.logs = c.startLog(m)
	kc, err := kafka.NewConsumer(&m)
	if err != nil {
		k.logs.stop()
		return nil, configFailed(err)
	}
	k.c = kc
	rk, queue, err := handleOf(kc)
	if err != nil {
		return nil, errors.Join(configFailed(err), k.Close())
	}
	k.rk, k.fetch = rk, newFetcher(queue)
	if k.admin, err = kafka.NewAdminClientFromConsumer(kc); err == nil {
		err = kc.SubscribeTopics(cfg.Topics, k.rebalance)
	}
	if err != nil {
		return nil, errors.Join(classify(opSubscribe, err), k.Close())
	}
	return k, nil
}

func (c *client) consumerConfig(cfg txn.ConsumerConfig) kafka.ConfigMap {
	m := c.common()
	session := cfg.SessionTimeout
	if session <= 0 {
		session = defaultSessionTimeout
	}
	for k, v := range map[string]string{
		"group.id":                      cfg.Group,
		"group.protocol":                "classic",
		"partition.assignment.strategy": "range",
		"session.timeout.ms":            millis(session, 0),
		"heartbeat.interval.ms":         millis(min(time.Second, session/4), 0), // how soon a rebalance is heard of
		"enable.auto.commit":            "false",
		"enable.auto.offset.store":      "false",
		"auto.offset.reset":             "error",
		"isolation.level":               "read_committed",
		"enable.partition.eof":          "false",
		// A request to a coordinator that has died is given up after this long: an offset commit, which holds off the
		// next generation, would stand still for a minute with the default.
		"socket.timeout.ms": "10000",
		// Prefetch: librdkafka asks for more while a partition has less than both of these in its queue. A record of
		// 100 bytes takes about 600 there, so this is about 12 MB for each partition.
		"queued.min.messages":        "20000",
		"queued.max.messages.kbytes": "4096",
		// A broker fills an answer in the order of the request's partitions, which moves on by one from request to request. What
		// does not fit waits, so all partitions with a backlog should fit, or some run ahead and those behind them stand still:
		// 32 of them here (per broker; their records take up to 150 MB then). Less for each than the largest batch that
		// producers make (1 MB) would be worse: a batch that is too large comes only when its partition is the first.
		"max.partition.fetch.bytes": "1048576",
		"fetch.max.bytes":           "33554432",
		"fetch.queue.backoff.ms":    "2", // how long a full queue holds back the next fetch; the default is 1 s
		"fetch.error.backoff.ms":    "100",
		// A waiting fetch holds up what follows it on the connection: Ends, and the first fetch after a Seek.
		"fetch.wait.max.ms": "100",
	} {
		m[k] = v
	}
	if cfg.InstanceID != "" {
		m["group.instance.id"] = cfg.InstanceID
	}
	if cfg.TrackEnds {
		m["enable.partition.eof"] = "true"
	}
	return c.withUser(m)
}

// use guards a call that may run beside Close. The caller must call the returned function.
func (k *consumer) use(op operation) (func(), error) {
	k.life.RLock()
	if k.closed {
		k.life.RUnlock()
		return nil, &txn.Error{Op: string(op), Class: txn.ClassFatal, Code: "_STATE", Err: errors.New("the consumer is closed")}
	}
	return k.life.RUnlock, nil
}

func (k *consumer) bootstrap() string { return k.brokers }
