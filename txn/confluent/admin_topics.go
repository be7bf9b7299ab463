package confluent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// CreateTopics implements txn.Admin. An attempt whose answer was lost shows as a topic that exists.
func (a *admin) CreateTopics(ctx context.Context, specs []txn.TopicSpec) error {
	if len(specs) == 0 {
		return nil // the Go client would panic
	}
	topics := make([]kafka.TopicSpecification, len(specs))
	for i, s := range specs {
		if s.Name == "" || s.Partitions < 1 {
			return &txn.Error{Op: string(opCreate), Class: txn.ClassFatal, Code: "_INVALID_ARG",
				Err: fmt.Errorf("topic %q with %d partitions; expected a name and 1 or more", s.Name, s.Partitions)}
		}
		topics[i] = kafka.TopicSpecification{Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: -1, Config: s.Config}
	}
	_, err := look(ctx, a, opCreate, func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		// The controller answers when the topics are there.
		res, err := a.a.CreateTopics(ctx, topics, kafka.SetAdminOperationTimeout(slice-time.Second))
		for _, t := range res {
			if c := t.Error.Code(); c != kafka.ErrNoError && c != kafka.ErrTopicAlreadyExists {
				return struct{}{}, fmt.Errorf("topic %q: %w", t.Topic, t.Error)
			}
		}
		return struct{}{}, err
	})
	return err
}

// DeleteRecords implements txn.Admin.
func (a *admin) DeleteRecords(ctx context.Context, before map[txn.Partition]int64) error {
	tps := make([]kafka.TopicPartition, 0, len(before))
	for p, offset := range before {
		if offset < 0 { // -1 would be everything
			return &txn.Error{Op: string(opDelete), Class: txn.ClassFatal, Code: "_INVALID_ARG",
				Err: fmt.Errorf("topic %q partition %d: offset %d; expected 0 or more", p.Topic, p.ID, offset)}
		}
		tps = append(tps, kafka.TopicPartition{Topic: &p.Topic, Partition: p.ID, Offset: kafka.Offset(offset)})
	}
	if len(tps) == 0 {
		return nil
	}
	_, err := look(ctx, a, opDelete, func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		res, err := a.a.DeleteRecords(ctx, tps, kafka.SetAdminOperationTimeout(slice-time.Second))
		if err != nil { // no leader is known of one of them
			return struct{}{}, fmt.Errorf("of %s: %w", topicNames(before), err)
		}
		return struct{}{}, a.undeleted(ctx, res.DeleteRecordsResults, before)
	})
	var e *txn.Error
	if errors.Is(err, errAbandoned) && errors.As(err, &e) { // perhaps before any answer that named a topic
		err = &txn.Error{Op: e.Op, Class: e.Class, Code: e.Code, Err: fmt.Errorf("of %s: %w", topicNames(before), e.Err)}
	}
	return err
}

// undeleted is the first failure among the results. Some brokers call an offset out of range that is below the low end,
// where there is nothing left to delete.
func (a *admin) undeleted(ctx context.Context, results []kafka.DeleteRecordsResult, before map[txn.Partition]int64) error {
	for _, r := range results {
		tp := r.TopicPartition
		if tp.Error == nil {
			continue
		}
		p := txn.Partition{Topic: *tp.Topic, ID: tp.Partition}
		err := fmt.Errorf("topic %q partition %d, offset %d: %w", p.Topic, p.ID, before[p], tp.Error)
		if !hasCode(tp.Error, kafka.ErrOffsetOutOfRange) {
			return err
		}
		low, askErr := listOffsets(ctx, a.a, []txn.Partition{p}, kafka.EarliestOffsetSpec)
		if askErr != nil {
			return askErr
		}
		if before[p] > low[p] {
			return err
		}
	}
	return nil
}

// topicNames lists the topics of some partitions.
func topicNames(parts map[txn.Partition]int64) string {
	names := map[string]bool{}
	for p := range parts {
		names[strconv.Quote(p.Topic)] = true
	}
	return "topics " + strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}
