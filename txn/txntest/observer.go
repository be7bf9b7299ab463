package txntest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/txn"
)

// Observer looks at the cluster, and prepares it, by other means than the driver under test.
type Observer interface {
	// CreateTopic returns when the broker knows the topic: those that come later than they were made have cases of their own.
	CreateTopic(ctx context.Context, name string, partitions int) error
	// AddPartitions lets a topic grow to as many.
	AddPartitions(ctx context.Context, name string, partitions int) error
	// Read returns what a partition holds from the start to its end as of now, without control records: if committed, up to the last
	// stable offset and without aborted records.
	Read(ctx context.Context, p txn.Partition, committed bool) ([]txn.Record, error)
	// DeleteBefore deletes the records below offset.
	DeleteBefore(ctx context.Context, p txn.Partition, offset int64) error
	// StableEnd is the last stable offset.
	StableEnd(ctx context.Context, p txn.Partition) (int64, error)
}

// network is an Observer over Kafka's protocol.
type network struct {
	brokers []string
	admin   *kadm.Client
}

func observe(e *env) Observer {
	n := &network{brokers: strings.Split(e.Brokers, ",")}
	kc, err := kgo.NewClient(kgo.SeedBrokers(n.brokers...))
	e.must(err)
	e.Cleanup(kc.Close)
	n.admin = kadm.NewClient(kc)
	return n
}

func (n *network) CreateTopic(ctx context.Context, name string, partitions int) error {
	if _, err := n.admin.CreateTopic(ctx, int32(partitions), 1, nil, name); err != nil {
		return err
	}
	for {
		ends, err := n.admin.ListEndOffsets(ctx, name)
		if err == nil {
			err = ends.Error()
		}
		if err == nil && len(ends[name]) == partitions {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %q is not there after its creation, with %d of %d partitions: %w", name, len(ends[name]), partitions, errors.Join(ctx.Err(), err))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (n *network) AddPartitions(ctx context.Context, name string, partitions int) error {
	res, err := n.admin.UpdatePartitions(ctx, partitions, name)
	if err == nil {
		err = res.Error()
	}
	return err
}

func (n *network) DeleteBefore(ctx context.Context, p txn.Partition, offset int64) error {
	var d kadm.Offsets
	d.Add(kadm.Offset{Topic: p.Topic, Partition: p.ID, At: offset})
	_, err := n.admin.DeleteRecords(ctx, d)
	return err
}

func (n *network) StableEnd(ctx context.Context, p txn.Partition) (int64, error) {
	ends, err := n.admin.ListCommittedOffsets(ctx, p.Topic)
	return offsetOf(ends, p, err)
}

func offsetOf(ends kadm.ListedOffsets, p txn.Partition, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	end, _ := ends.Lookup(p.Topic, p.ID)
	return end.Offset, end.Err
}

func (n *network) Read(ctx context.Context, p txn.Partition, committed bool) ([]txn.Record, error) {
	level, list := kgo.ReadUncommitted(), n.admin.ListEndOffsets
	if committed {
		level, list = kgo.ReadCommitted(), n.admin.ListCommittedOffsets
	}
	ends, err := list(ctx, p.Topic)
	end, err := offsetOf(ends, p, err)
	if err != nil {
		return nil, err
	}
	kc, err := kgo.NewClient(kgo.SeedBrokers(n.brokers...), kgo.FetchIsolationLevel(level),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{p.Topic: {p.ID: kgo.NewOffset().AtStart()}}))
	if err != nil {
		return nil, err
	}
	defer kc.Close()
	return drain(ctx, kc, end)
}

func drain(ctx context.Context, kc *kgo.Client, end int64) ([]txn.Record, error) {
	var out []txn.Record
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for next := int64(0); next < end; {
		fs := kc.PollFetches(ctx)
		if err := fs.Err(); err != nil {
			return nil, err
		}
		fs.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() && r.Offset < end {
				out = append(out, txn.Record{Key: r.Key, Value: r.Value, Offset: r.Offset})
			}
		})
	}
	return out, nil
}
