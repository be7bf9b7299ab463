package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// adminTimeout bounds each call below: a test must not hang on its own tools.
const adminTimeout = 30 * time.Second

func (c *Cluster) admin(ctx context.Context, do func(context.Context, *kadm.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(), ",")...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	return do(ctx, kadm.NewClient(cl))
}

// CreateTopic creates a topic with one replica per broker and waits until all of
// its partitions have a leader. Config holds topic settings and may be nil.
func (c *Cluster) CreateTopic(ctx context.Context, topic string, partitions int, config map[string]string) error {
	return c.admin(ctx, func(ctx context.Context, a *kadm.Client) error {
		settings := map[string]*string{}
		for k, v := range config {
			settings[k] = &v
		}
		if _, err := a.CreateTopic(ctx, int32(partitions), -1, settings, topic); err != nil {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
		return led(ctx, a, topic, partitions)
	})
}

// led waits until a topic has as many partitions, all with a leader.
func led(ctx context.Context, a *kadm.Client, topic string, partitions int) error {
	return poll(ctx, "a leader for each partition of "+topic, func() (bool, error) {
		m, err := a.Metadata(ctx, topic)
		if err != nil {
			return false, err
		}
		n := 0
		for _, p := range m.Topics[topic].Partitions {
			if p.Leader >= 0 && p.Err == nil {
				n++
			}
		}
		return n == partitions, nil
	})
}

// AddPartitions lets a topic grow to as many partitions and waits until each has a leader.
func (c *Cluster) AddPartitions(ctx context.Context, topic string, partitions int) error {
	return c.admin(ctx, func(ctx context.Context, a *kadm.Client) error {
		res, err := a.UpdatePartitions(ctx, partitions, topic)
		if err == nil {
			err = res.Error()
		}
		if err != nil {
			return fmt.Errorf("%d partitions of %s: %w", partitions, topic, err)
		}
		return led(ctx, a, topic, partitions)
	})
}

// DeleteTopic deletes a topic and waits until the brokers no longer know it.
func (c *Cluster) DeleteTopic(ctx context.Context, topic string) error {
	return c.admin(ctx, func(ctx context.Context, a *kadm.Client) error {
		if _, err := a.DeleteTopic(ctx, topic); err != nil {
			return fmt.Errorf("delete topic %s: %w", topic, err)
		}
		return poll(ctx, "the end of topic "+topic, func() (bool, error) {
			m, err := a.Metadata(ctx, topic)
			return err == nil && errors.Is(m.Topics[topic].Err, kerr.UnknownTopicOrPartition), err
		})
	})
}

// Deny forbids everybody to read and to write a topic. It needs Options.ACLs.
func (c *Cluster) Deny(ctx context.Context, topic string) error {
	return c.admin(ctx, func(ctx context.Context, a *kadm.Client) error {
		rule := kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).
			Operations(kadm.OpRead, kadm.OpWrite).Deny("User:*").DenyHosts("*")
		made, err := a.CreateACLs(ctx, rule)
		if err != nil {
			return fmt.Errorf("deny %s: %w", topic, err)
		}
		for _, m := range made {
			if m.Err != nil {
				return fmt.Errorf("deny %s: %w", topic, m.Err)
			}
		}
		return nil
	})
}

// poll calls done until it says so; errors count as "not yet".
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return fmt.Errorf("wait for %s: %w", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
