package txntest

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
)

// Harness is what the suite needs to know of a driver and of the cluster that it runs against.
type Harness struct {
	// Open is the driver under test.
	Open func(txn.ClusterConfig) (txn.Client, error)
	// Brokers are the cluster's bootstrap servers.
	Brokers string
	// Expiry is how long it takes at most until the cluster ends a transaction with a timeout of one second; 0 if it
	// does not, and then the tests of it are left out.
	Expiry time.Duration
	// Rejoin is how long a rebalance may take.
	Rejoin time.Duration
	// Observer looks at the cluster beside the driver. nil: another client does, over the network.
	Observer Observer
	// InProcess leaves out what needs a network: brokers that cannot be reached.
	InProcess bool
}

// env is one test's surroundings.
type env struct {
	*testing.T
	Harness
	ctx    context.Context
	client txn.Client
	eye    Observer
	// trackEnds is the setting of consumers.
	trackEnds bool
}

var names atomic.Int64

// name returns a name that nobody else uses, on a cluster that earlier runs may have used too.
func (e *env) name(what string) string {
	return fmt.Sprintf("%s-%d-%d", what, os.Getpid(), names.Add(1))
}

func newEnv(t *testing.T, h Harness) *env {
	t.Helper()
	if h.Rejoin == 0 {
		h.Rejoin = 15 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	e := &env{T: t, Harness: h, ctx: ctx}
	e.client = e.open(h.Brokers, nil)
	if e.eye = h.Observer; e.eye == nil {
		e.eye = observe(e)
	}
	return e
}

func (e *env) open(brokers string, props map[string]string) txn.Client {
	e.Helper()
	c, err := e.Open(txn.ClusterConfig{Brokers: brokers, ClientID: "txntest", Properties: props, Logger: logger(e.T)})
	e.must(err)
	return c
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// class requires an error of one of some classes.
func (e *env) class(err error, want ...txn.Class) {
	e.Helper()
	got := txn.ClassOf(err)
	for _, w := range want {
		if got == w {
			return
		}
	}
	e.Fatalf("got class %v, want %v; error: %v", got, want, err)
}

// topic makes a topic.
func (e *env) topic(partitions int) string {
	e.Helper()
	name := e.name("t")
	e.must(e.eye.CreateTopic(e.ctx, name, partitions))
	return name
}

// producer makes a producer and closes it in the end. With a transactional id it is initialised.
func (e *env) producer(id string) txn.Producer {
	e.Helper()
	p, err := e.client.NewProducer(txn.ProducerConfig{TransactionalID: id, TransactionTimeout: 20 * time.Second})
	e.must(err)
	e.Cleanup(p.Close)
	e.must(p.Init(e.ctx))
	return p
}

// commit produces records in one transaction.
func (e *env) commit(p txn.Producer, records ...txn.Record) {
	e.Helper()
	e.must(p.Begin())
	e.must(p.Produce(e.ctx, records))
	e.must(p.Commit(e.ctx))
}

// fill writes n records with values from..from+n-1 to partition 0 in one transaction.
func (e *env) fill(topic string, from, n int) {
	e.Helper()
	p := e.producer(e.name("filler"))
	e.commit(p, numbered(topic, 0, from, n)...)
	p.Close()
}

func numbered(topic string, partition int32, from, n int) []txn.Record {
	rs := make([]txn.Record, n)
	for i := range rs {
		rs[i] = txn.Record{Topic: topic, Partition: partition, Value: fmt.Appendf(nil, "%d", from+i)}
	}
	return rs
}

func one(topic, value string) txn.Record {
	return txn.Record{Topic: topic, Partition: 0, Value: []byte(value)}
}

// soon retries until ok, or fails after a while.
func (e *env) soon(what string, within time.Duration, ok func() bool) {
	e.Helper()
	end := time.Now().Add(within)
	for !ok() {
		if time.Now().After(end) {
			e.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
