package memtxn_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
)

// handler keeps what a consumer hears.
type handler struct {
	owned []txn.Partition
	meta  txn.GroupMetadata
}

func (h *handler) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	h.owned, h.meta = parts, meta
}
func (h *handler) Revoked([]txn.Partition) { h.owned = nil }
func (h *handler) Lost([]txn.Partition)    { h.owned = nil }

// process is a client with a consumer and a transactional producer, as an instance has them.
type process struct {
	*memtxn.Client
	handler
	c txn.Consumer
	p txn.Producer
}

func start(t *testing.T, c *memtxn.Cluster, instance string) *process {
	t.Helper()
	k := &process{Client: c.Client(instance)}
	var err error
	k.c, err = k.NewConsumer(txn.ConsumerConfig{Topics: []string{"in"}, Group: "g", InstanceID: instance, SessionTimeout: 10 * time.Second}, k)
	must(t, err)
	k.p, err = k.NewProducer(txn.ProducerConfig{TransactionalID: "id", TransactionTimeout: time.Minute})
	must(t, err)
	must(t, k.p.Init(t.Context()))
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (k *process) poll(t *testing.T) []*txn.Batch {
	t.Helper()
	bs, err := k.c.Poll(0, 10)
	must(t, err)
	return bs
}

func cluster(t *testing.T) *memtxn.Cluster {
	t.Helper()
	c := memtxn.NewCluster()
	must(t, c.CreateTopic("in", 1))
	must(t, c.CreateTopic("out", 1))
	return c
}

// TestKill: a killed process has no effect any more; its heir of the same name takes over at once, one of another name after the
// session.
func TestKill(t *testing.T) {
	for _, heir := range []string{"one", "two"} {
		t.Run(heir, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cluster(t)
				old := start(t, c, "one")
				old.poll(t)
				must(t, old.p.Begin())
				must(t, old.p.Produce(t.Context(), []txn.Record{{Topic: "out", Value: []byte("orphan")}}))
				old.Kill()
				if err := old.p.Commit(t.Context()); txn.ClassOf(err) != txn.ClassFatal {
					t.Fatalf("commit of a dead process: %v", err)
				}
				if _, err := old.c.Poll(0, 1); txn.ClassOf(err) != txn.ClassFatal {
					t.Fatalf("poll of a dead process: %v", err)
				}
				must(t, old.c.Close())
				began := time.Now()
				next := start(t, c, heir)
				for len(next.owned) == 0 {
					_, err := next.c.Poll(100*time.Millisecond, 10)
					must(t, err)
				}
				if waited := time.Since(began); (heir == "one") != (waited < time.Second) || waited > 11*time.Second {
					t.Errorf("the heir waited %v", waited)
				}
				rs, err := c.Records("out", true)
				must(t, err)
				if len(rs) != 0 {
					t.Errorf("committed: %v", rs)
				}
			})
		})
	}
}
