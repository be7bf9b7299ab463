package confluent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// admin implements txn.Admin. Every question is asked again after retriable errors until its context ends.
type admin struct {
	client  *client
	p       *kafka.Producer // what a borrows its connections from
	a       *kafka.AdminClient
	logs    *logPipe
	drained sync.WaitGroup

	life   sync.RWMutex
	closed bool
}

// NewAdmin implements txn.Client.
func (c *client) NewAdmin() (txn.Admin, error) {
	m := c.withUser(c.common())
	a := &admin{client: c, logs: c.startLog(m)}
	m["go.events.channel.size"], m["go.produce.channel.size"] = 1024, 1
	p, err := kafka.NewProducer(&m) // an AdminClient of its own would log to stderr
	if err != nil {
		a.logs.stop()
		return nil, configFailed(err)
	}
	a.p = p
	a.drained.Go(func() {
		for range p.Events() { // informational; a full channel would block the instance
		}
	})
	if a.a, err = kafka.NewAdminClientFromProducer(p); err != nil {
		a.shut()
		return nil, configFailed(err)
	}
	return a, nil
}

// Close implements txn.Admin.
func (a *admin) Close() {
	_ = bounded(opClose, closeTimeout, func() error {
		a.life.Lock()
		defer a.life.Unlock()
		if !a.closed {
			a.closed = true
			a.a.Close()
			a.shut()
		}
		return nil
	})
}

func (a *admin) shut() {
	a.p.Close()
	a.drained.Wait()
	a.logs.stop()
}

func (a *admin) use(op operation) (func(), error) {
	a.life.RLock()
	if a.closed {
		a.life.RUnlock()
		return nil, &txn.Error{Op: string(op), Class: txn.ClassFatal, Code: "_STATE", Err: errors.New("the admin client is closed")}
	}
	return a.life.RUnlock, nil
}

func (a *admin) bootstrap() string { return a.client.cfg.Brokers }

// Topics implements txn.Admin.
func (a *admin) Topics(ctx context.Context, names []string) (map[string]int, error) {
	return look(ctx, a, opTopics, func() (map[string]int, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		res, err := a.a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames(names))
		if err != nil {
			return nil, err
		}
		topics := make(map[string]int, len(names))
		for _, t := range res.TopicDescriptions {
			switch t.Error.Code() {
			case kafka.ErrNoError:
				topics[t.Name] = len(t.Partitions)
			case kafka.ErrUnknownTopicOrPart, kafka.ErrUnknownTopic:
			default:
				return nil, fmt.Errorf("topic %q: %w", t.Name, t.Error)
			}
		}
		return topics, nil
	})
}

// AllTopics implements txn.Admin.
func (a *admin) AllTopics(ctx context.Context) (map[string]int, error) {
	return look(ctx, a, opTopics, func() (map[string]int, error) {
		md, err := a.a.GetMetadata(nil, true, sliceMillis(ctx))
		if err != nil {
			return nil, err
		}
		topics := make(map[string]int, len(md.Topics))
		for name, t := range md.Topics {
			// One that is being made or deleted is met again when it has settled.
			if t.Error.Code() == kafka.ErrNoError && len(t.Partitions) > 0 && !strings.HasPrefix(name, "__") {
				topics[name] = len(t.Partitions)
			}
		}
		return topics, nil
	})
}

// Unwritable implements txn.Admin.
func (a *admin) Unwritable(ctx context.Context, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return look(ctx, a, opTopics, func() ([]string, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		res, err := a.a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames(names), kafka.SetAdminOptionIncludeAuthorizedOperations(true))
		if err != nil {
			return nil, err
		}
		var denied []string
		for _, t := range res.TopicDescriptions {
			// None at all: the broker does not tell.
			if ops := t.AuthorizedOperations; len(ops) > 0 && !slices.Contains(ops, kafka.ACLOperationWrite) {
				denied = append(denied, t.Name)
			}
		}
		return denied, nil
	})
}

// Members implements txn.Admin.
func (a *admin) Members(ctx context.Context, group string) ([]txn.Member, error) {
	return look(ctx, a, opMembers, func() ([]txn.Member, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		res, err := a.a.DescribeConsumerGroups(ctx, []string{group})
		if err != nil {
			return nil, err
		}
		var members []txn.Member
		for _, g := range res.ConsumerGroupDescriptions {
			switch g.Error.Code() {
			case kafka.ErrNoError:
			case kafka.ErrGroupIDNotFound: // newer brokers; older ones describe a group that never was as dead
				continue
			default:
				return nil, fmt.Errorf("group %q: %w", group, g.Error)
			}
			for _, m := range g.Members {
				members = append(members, txn.Member{ID: m.ConsumerID, InstanceID: m.GroupInstanceID, ClientID: m.ClientID, Host: m.Host,
					Partitions: partitions(m.Assignment.TopicPartitions)})
			}
		}
		return members, nil
	})
}

// Committed implements txn.Admin.
func (a *admin) Committed(ctx context.Context, group string, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	return look(ctx, a, opCommitted, func() (map[txn.Partition]txn.Position, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		ask := []kafka.ConsumerGroupTopicPartitions{{Group: group}}
		if parts != nil {
			ask[0].Partitions = topicPartitions(parts)
		}
		res, err := a.a.ListConsumerGroupOffsets(ctx, ask, kafka.SetAdminRequireStableOffsets(true))
		var tps []kafka.TopicPartition
		if len(res.ConsumerGroupsTopicPartitions) > 0 {
			tps = res.ConsumerGroupsTopicPartitions[0].Partitions
		}
		return positions(tps, err)
	})
}

// MaxTransactionTimeout implements txn.Admin. It reads one broker's configuration; transaction coordinators are
// brokers, and nobody runs them with different limits on purpose.
func (a *admin) MaxTransactionTimeout(ctx context.Context) (time.Duration, error) {
	return look(ctx, a, opConfig, func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		broker, err := a.anyBroker(ctx)
		if err != nil {
			return 0, err
		}
		res, err := a.a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceBroker, Name: broker}})
		if err != nil {
			return 0, err
		}
		return maxTransactionTimeout(res)
	})
}

func (a *admin) anyBroker(ctx context.Context) (string, error) {
	md, err := a.a.DescribeCluster(ctx)
	if err != nil {
		return "", err
	}
	if len(md.Nodes) == 0 {
		return "", kafka.NewError(kafka.ErrBrokerNotAvailable, "the cluster names no broker", false)
	}
	return strconv.Itoa(md.Nodes[0].ID), nil
}

func maxTransactionTimeout(res []kafka.ConfigResourceResult) (time.Duration, error) {
	for _, r := range res {
		switch r.Error.Code() {
		case kafka.ErrNoError:
		case kafka.ErrClusterAuthorizationFailed, kafka.ErrTopicAuthorizationFailed:
			return 0, nil // not everybody may read it
		default:
			return 0, fmt.Errorf("broker %s: %w", r.Name, r.Error)
		}
		if ms, err := strconv.ParseInt(r.Config["transaction.max.timeout.ms"].Value, 10, 64); err == nil {
			return time.Duration(ms) * time.Millisecond, nil
		}
	}
	return 0, nil
}
