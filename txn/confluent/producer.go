package confluent

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// producer implements txn.Producer.
type producer struct {
	cfg      txn.ProducerConfig
	p        *kafka.Producer
	rk       unsafe.Pointer // p's handle
	topics   *topics
	logs     *logPipe
	brokers  string
	maxBytes int
	timeout  time.Duration  // of a transaction
	drained  sync.WaitGroup // the goroutine that reads p.Events

	// life is held shared by every call of the client, also by those left to themselves; Close takes it.
	life   sync.RWMutex
	closed atomic.Bool
	// busy says that a transactional call was left to itself: this producer is of no more use.
	busy atomic.Bool

	delivery *deliveries // without transactions only
}

// NewProducer implements txn.Client.
func (c *client) NewProducer(cfg txn.ProducerConfig) (txn.Producer, error) {
	m := c.producerConfig(cfg)
	p := &producer{cfg: cfg, brokers: c.cfg.Brokers, maxBytes: maxMessageBytes(m), timeout: transactionTimeout(m)}
	if !p.transactional() {
		p.delivery = newDeliveries()
	}
	p.logs = c.startLog(m)
	kp, err := kafka.NewProducer(&m)
	if err != nil {
		p.logs.stop()
		return nil, configFailed(err)
	}
	p.p = kp
	if p.rk, _, err = handleOf(kp); err != nil {
		kp.Close()
		p.logs.stop()
		return nil, configFailed(err)
	}
	p.topics = newTopics(p.rk)
	p.drained.Go(p.drain)
	return p, nil
}

// linger is how long the client waits for more records before it sends a batch that is not full. A commit does not wait for it, and nobody reads a transaction
// before. While a partition's request is under way and records in its queue have waited for longer, librdkafka (2.11) looks for whether it may send
// them without a pause: where cores are busy, that keeps the broker from answering.
func linger(cfg txn.ProducerConfig) string {
	if cfg.TransactionalID == "" {
		return "5"
	}
	return "200"
}

func (c *client) producerConfig(cfg txn.ProducerConfig) kafka.ConfigMap {
	m := c.common()
	for k, v := range map[string]string{
		"enable.idempotence": "true",
		"acks":               "all",
		"partitioner":        "murmur2_random", // Java's
		// With the default of 100 ms every second transaction waits that long on CONCURRENT_TRANSACTIONS (KIP-98: the
		// markers of the one before are still being written).
		"retry.backoff.ms":             "3",
		"retry.backoff.max.ms":         "50",
		"linger.ms":                    linger(cfg),
		"queue.buffering.max.messages": "100000",
	} {
		m[k] = v
	}
	// The client's own channels: one million slots each by default. Nothing is sent through the second.
	m["go.events.channel.size"] = 1024
	m["go.produce.channel.size"] = 1
	m["go.delivery.report.fields"] = "none"
	if cfg.TransactionalID != "" {
		m["transactional.id"] = cfg.TransactionalID
		// message.timeout.ms follows this one by itself.
		m["transaction.timeout.ms"] = millis(cfg.TransactionTimeout, defaultTransactionTimeout)
		m["go.delivery.reports"] = false // a commit fails if a delivery failed
	}
	c.withUser(m)
	makeRoom(m)
	return m
}

// transactionTimeout is the timeout in force, which the user may have overridden.
func transactionTimeout(m kafka.ConfigMap) time.Duration {
	return time.Duration(number(m, 60000, "transaction.timeout.ms")) * time.Millisecond
}

func number(m kafka.ConfigMap, byDefault int, names ...string) int {
	for _, k := range names {
		if s, ok := m[k].(string); ok {
			if n, err := strconv.Atoi(s); err == nil {
				return n
			}
		}
	}
	return byDefault
}

func (p *producer) transactional() bool { return p.cfg.TransactionalID != "" }

// drain reads the client's events until Close: a full channel would block flush and commit.
func (p *producer) drain() {
	for ev := range p.p.Events() {
		if m, ok := ev.(*kafka.Message); ok && p.delivery != nil {
			p.delivery.report(m)
		}
		// kafka.Error: informational ones are in the log too, and the next call returns a fatal one.
	}
}

// Close implements txn.Producer. A call that was left to itself may still be using the client; then it is closed
// when that ends, in the background: an Init after initSlice, others after the transaction's timeout.
func (p *producer) Close() {
	if p.closed.Swap(true) {
		return
	}
	limit := closeTimeout
	if p.busy.Load() {
		limit = 0
	}
	_ = bounded(opClose, limit, func() error {
		p.life.Lock()
		defer p.life.Unlock()
		if p.delivery != nil {
			p.delivery.close()
		}
		p.topics.close()
		p.p.Close()
		p.drained.Wait()
		p.logs.stop()
		return nil
	})
}

// use guards a call of the client. The caller must call the returned function.
func (p *producer) use(op operation) (func(), error) {
	p.life.RLock()
	switch {
	case p.closed.Load():
		p.life.RUnlock()
		return nil, newProducer(op, "_STATE", errors.New("the producer is closed"))
	case p.busy.Load():
		p.life.RUnlock()
		return nil, newProducer(op, "_PREV_IN_PROGRESS", errors.New("an earlier call has not ended"))
	}
	return p.life.RUnlock, nil
}

func newProducer(op operation, code string, err error) error {
	return &txn.Error{Op: string(op), Class: txn.ClassNewProducer, Code: code, Err: err}
}
