package memtxn_test

import (
	"context"
	"testing"
	"time"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/memtxn"
	"github.com/weirstream/weir/txn/txntest"
)

// eye is the suite's view of the cluster.
type eye struct{ *memtxn.Cluster }

func (e eye) CreateTopic(_ context.Context, name string, partitions int) error {
	return e.Cluster.CreateTopic(name, partitions)
}

func (e eye) AddPartitions(_ context.Context, name string, partitions int) error {
	return e.Cluster.AddPartitions(name, partitions)
}

func (e eye) DeleteBefore(_ context.Context, p txn.Partition, offset int64) error {
	return e.Cluster.DeleteBefore(p, offset)
}

func (e eye) StableEnd(_ context.Context, p txn.Partition) (int64, error) {
	_, stable, err := e.Ends(p)
	return stable, err
}

func (e eye) Read(_ context.Context, p txn.Partition, committed bool) ([]txn.Record, error) {
	all, err := e.Records(p.Topic, committed)
	var out []txn.Record
	for _, r := range all {
		if r.Partition == p.ID {
			out = append(out, r)
		}
	}
	return out, err
}

func TestConformance(t *testing.T) {
	c := memtxn.NewCluster()
	txntest.Run(t, txntest.Harness{
		Open:     func(cfg txn.ClusterConfig) (txn.Client, error) { return c.Client(cfg.ClientID), nil },
		Observer: eye{c}, Expiry: 5 * time.Second, InProcess: true,
	})
}
