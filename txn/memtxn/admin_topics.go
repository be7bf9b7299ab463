package memtxn

import (
	"context"
	"fmt"
	"maps"

	"github.com/weirstream/weir/txn"
)

// CreateTopics implements txn.Admin.
func (a *admin) CreateTopics(ctx context.Context, specs []txn.TopicSpec) error {
	const op = "create topics"
	leave, err := a.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	for _, s := range specs {
		if s.Name == "" || s.Partitions < 1 {
			return fail(op, txn.ClassFatal, "_INVALID_ARG", fmt.Errorf("topic %q with %d partitions; expected a name and 1 or more", s.Name, s.Partitions))
		}
	}
	for _, s := range specs {
		if _, exists := a.cluster.topics[s.Name]; !exists {
			a.cluster.create(s.Name, s.Partitions)
			maps.Copy(a.cluster.configs[s.Name], s.Config)
		}
	}
	return nil
}

// DeleteRecords implements txn.Admin.
func (a *admin) DeleteRecords(ctx context.Context, before map[txn.Partition]int64) error {
	const op = "delete records"
	leave, err := a.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	logs := make(map[*partition]int64, len(before))
	for p, offset := range before {
		log, err := a.cluster.partition(p)
		if err != nil {
			return fail(op, txn.ClassRetry, "UNKNOWN_TOPIC_OR_PARTITION", err)
		}
		if end := log.ends().High; offset < 0 || offset > end {
			return fail(op, txn.ClassFatal, "OFFSET_OUT_OF_RANGE", fmt.Errorf(
				"topic %q partition %d, offset %d: expected 0 to %d", p.Topic, p.ID, offset, end))
		}
		logs[log] = offset
	}
	for log, offset := range logs {
		log.truncate(offset)
	}
	return nil
}
