//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const partitions = 4

// adminTimeout bounds each question to the broker.
const adminTimeout = 30 * time.Second

// admin makes topics and asks how far a group has come.
type admin struct {
	bootstrap string
	cl        *kgo.Client
	*kadm.Client
}

func newAdmin(bootstrap string) (*admin, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		return nil, err
	}
	return &admin{bootstrap, cl, kadm.NewClient(cl)}, nil
}

func (a *admin) create(topic string, config map[string]string) error {
	return shared.cluster.CreateTopic(context.Background(), topic, partitions, config)
}

// drop deletes what a run leaves on the broker.
func (a *admin) drop(topic, group string) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	_, _ = a.DeleteTopic(ctx, topic) // what stays costs a little disk until the broker goes
	_, _ = a.DeleteGroup(ctx, group)
}

// committed is how many records of a topic a group has committed, over all partitions.
func (a *admin) committed(group, topic string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	offsets, err := a.FetchOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	sum := int64(0)
	for _, o := range offsets[topic] {
		if o.Err != nil {
			return 0, o.Err
		}
		sum += max(o.At, 0)
	}
	return sum, nil
}

// stable is how many records a topic has below its last stable offsets, control records included.
func (a *admin) stable(topic string) (sum int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	ends, err := a.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	for _, e := range ends[topic] {
		sum += e.Offset
	}
	return sum, nil
}

// reader is a read_committed consumer of all partitions of a topic. It keeps control records, to know that it has seen the end.
func (a *admin) reader(topic string, at kgo.Offset) (*kgo.Client, error) {
	from := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		from[p] = at
	}
	return kgo.NewClient(kgo.SeedBrokers(a.bootstrap), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchMaxWait(100*time.Millisecond))
}

// readAll hands every committed record of a topic to f, each partition in order.
func (a *admin) readAll(topic string, f func(*kgo.Record)) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	ends, err := a.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return err
	}
	open := 0
	for _, e := range ends[topic] {
		if e.Offset > 0 {
			open++
		}
	}
	cl, err := a.reader(topic, kgo.NewOffset().AtStart())
	if err != nil {
		return err
	}
	defer cl.Close()
	for open > 0 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end := ends[topic][r.Partition].Offset
			if r.Offset == end-1 {
				open--
			}
			if r.Offset < end && !r.Attrs.IsControl() {
				f(r)
			}
		})
	}
	return nil
}
