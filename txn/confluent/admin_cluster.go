package confluent

import (
	"context"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

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
