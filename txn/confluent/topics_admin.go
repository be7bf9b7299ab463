package confluent

import (
	"context"
	"errors"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// CreateTopics implements txn.Admin.
func (a *admin) CreateTopics(ctx context.Context, topics []txn.TopicSpec) error {
	var specs []kafka.TopicSpecification
	for _, t := range topics {
		// -1: the broker's default (KIP-464).
		specs = append(specs, kafka.TopicSpecification{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: -1, Config: t.Config})
	}
	if len(specs) == 0 {
		return nil
	}
	_, err := look(ctx, a, opCreate, func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		// With a time to wait the broker answers when the topics are there, not only accepted.
		res, err := a.a.CreateTopics(ctx, specs, kafka.SetAdminOperationTimeout(slice))
		return struct{}{}, errors.Join(err, created(res))
	})
	return err
}

func created(res []kafka.TopicResult) error {
	for _, r := range res {
		if code := r.Error.Code(); code != kafka.ErrNoError && code != kafka.ErrTopicAlreadyExists {
			return fmt.Errorf("topic %q: %w", r.Topic, r.Error)
		}
	}
	return nil
}

// TopicConfig implements txn.Admin.
func (a *admin) TopicConfig(ctx context.Context, topic string) (map[string]string, error) {
	return look(ctx, a, opConfig, func() (map[string]string, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		res, err := a.a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: topic}})
		if err != nil {
			return nil, err
		}
		config := map[string]string{}
		for _, r := range res {
			if r.Error.Code() != kafka.ErrNoError {
				return nil, fmt.Errorf("topic %q: %w", topic, r.Error)
			}
			for name, entry := range r.Config {
				config[name] = entry.Value
			}
		}
		return config, nil
	})
}

// ClusterID implements txn.Admin.
func (a *admin) ClusterID(ctx context.Context) (string, error) {
	return look(ctx, a, opCluster, func() (string, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		return a.a.ClusterID(ctx)
	})
}
