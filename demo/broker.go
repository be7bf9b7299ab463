package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The job and its topics.
const (
	inputTopic  = "text"
	outputTopic = "word-counts"
	jobID       = "demo-wordcount"
	instanceID  = "demo-0"
	partitions  = 4
)

// broker is a Kafka broker in this process. It keeps its topics in a folder but does not sync each write: it is the
// worker that is killed, never the broker.
type broker struct {
	cluster *kfake.Cluster
	admin   *kadm.Client
	client  *kgo.Client // of admin
	addr    string
}

func startBroker(folder string) (*broker, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(folder), kfake.SeedTopics(partitions, inputTopic, outputTopic))
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	b := &broker{cluster: c, addr: strings.Join(c.ListenAddrs(), ",")}
	if b.client, err = b.connect(); err != nil {
		c.Close()
		return nil, err
	}
	b.admin = kadm.NewClient(b.client)
	return b, nil
}

func (b *broker) connect(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts, kgo.SeedBrokers(b.addr))...)
}

func (b *broker) close() {
	b.client.Close()
	b.cluster.Close()
}

// left is how many records of the input the job has not committed yet.
func (b *broker) left(ctx context.Context) (int64, error) {
	ends, err := b.admin.ListEndOffsets(ctx, inputTopic)
	if err != nil {
		return 0, err
	}
	committed, err := b.admin.FetchOffsets(ctx, jobID)
	if err != nil {
		return 0, err
	}
	var left int64
	ends.Each(func(end kadm.ListedOffset) {
		left += end.Offset
		if at, ok := committed.Lookup(end.Topic, end.Partition); ok && at.At > 0 {
			left -= at.At
		}
	})
	return left, nil
}

// drain waits until the job has committed all of its input. It gives up when nothing moves for a minute.
func (b *broker) drain(ctx context.Context, failed <-chan error) error {
	const patience = time.Minute
	least, since := int64(-1), time.Now()
	for {
		left, err := b.left(ctx)
		if err == nil && left <= 0 {
			return nil
		}
		if err == nil && left != least {
			least, since = left, time.Now()
		}
		if time.Since(since) > patience {
			return errors.Join(fmt.Errorf("the job has made no progress for %s: %d lines are left", patience, left), err)
		}
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// readAll calls fn with every committed record of a topic, in the order of its partition.
func (b *broker) readAll(ctx context.Context, topic string, fn func(*kgo.Record)) error {
	ends, err := b.admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return err
	}
	remaining := map[int32]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			remaining[end.Partition] = end.Offset
		}
	})
	// Control records count: without them one could wait for an end that is a commit marker.
	c, err := b.connect(kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer c.Close()
	for len(remaining) > 0 {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				fn(r)
			}
			if r.Offset+1 >= remaining[r.Partition] {
				delete(remaining, r.Partition)
			}
		})
	}
	return nil
}
