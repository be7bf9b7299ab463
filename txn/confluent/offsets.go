package confluent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf16"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// maxMetadata is the broker's default offset.metadata.max.bytes, which it compares with the string's length in Java
// characters. Longer metadata would be refused again after every abort, so it is refused here, for good.
const maxMetadata = 4096

// errMoved says that an offset commit asked for a membership that is over.
var errMoved = errors.New("the membership of the group has changed since the assignment that the offsets belong to")

// offsetList renders positions for librdkafka.
func offsetList(op operation, offsets map[txn.Partition]txn.Position) ([]kafka.TopicPartition, error) {
	tps := make([]kafka.TopicPartition, 0, len(offsets))
	for p, pos := range offsets {
		if n := len(utf16.Encode([]rune(pos.Metadata))); n > maxMetadata {
			return nil, &txn.Error{Op: string(op), Class: txn.ClassFatal, Code: "OFFSET_METADATA_TOO_LARGE",
				Err: fmt.Errorf("topic %q partition %d: offset metadata has %d characters, at most %d are possible",
					p.Topic, p.ID, n, maxMetadata)}
		}
		if pos.Offset < 0 {
			return nil, &txn.Error{Op: string(op), Class: txn.ClassFatal, Code: "_INVALID_ARG",
				Err: fmt.Errorf("topic %q partition %d: offset %d; expected 0 or more", p.Topic, p.ID, pos.Offset)}
		}
		tps = append(tps, kafka.TopicPartition{Topic: &p.Topic, Partition: p.ID,
			Offset: kafka.Offset(pos.Offset), Metadata: &pos.Metadata})
	}
	return tps, nil
}

// Commit implements txn.Consumer. librdkafka commits as the member that it is now, so this looks whether that is
// still the one asked for: before, holding off the next generation until the answer is there, and after, for a
// membership that was lost in between (a commit without a member is accepted by an empty group).
func (k *consumer) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	tps, err := offsetList(opCommitOffsets, offsets)
	if err != nil || len(tps) == 0 {
		return err
	}
	want, ok := meta.(*membership)
	if !ok {
		return badMetadata(opCommitOffsets, meta)
	}
	release, err := k.use(opCommitOffsets)
	if err != nil {
		return err
	}
	return classify(opCommitOffsets, await(ctx, release, func() error { return k.commit(ctx, tps, want) }))
}

func (k *consumer) commit(ctx context.Context, tps []kafka.TopicPartition, want *membership) error {
	k.member.RLock()
	defer k.member.RUnlock()
	if !k.isMember(want) {
		return &txn.Error{Op: string(opCommitOffsets), Class: txn.ClassAbort, Code: "ILLEGAL_GENERATION", Err: errMoved}
	}
	// Repeating is safe: the offsets are the same and the next generation is held off.
	err := k.commitOnce(tps)
	for ; classOf(opCommitOffsets, err) == txn.ClassRetry && ctx.Err() == nil; err = k.commitOnce(tps) {
		time.Sleep(retryPause)
	}
	if err == nil && !k.isMember(want) {
		return &txn.Error{Op: string(opCommitOffsets), Class: txn.ClassUnknown, Code: "ILLEGAL_GENERATION", Err: errMoved}
	}
	return err
}

func (k *consumer) commitOnce(tps []kafka.TopicPartition) error {
	done, err := k.c.CommitOffsets(tps)
	if err != nil {
		return err
	}
	for _, tp := range done {
		if tp.Error != nil {
			return fmt.Errorf("topic %q partition %d: %w", *tp.Topic, tp.Partition, tp.Error)
		}
	}
	return nil
}

func (k *consumer) isMember(want *membership) bool {
	now, err := k.c.GetConsumerGroupMetadata()
	return err == nil && reflect.DeepEqual(now, want.meta)
}

func badMetadata(op operation, meta any) error {
	return &txn.Error{Op: string(op), Class: txn.ClassFatal, Code: "_INVALID_ARG",
		Err: fmt.Errorf("group metadata is %T; expected what this driver's consumer gave to Assigned", meta)}
}
