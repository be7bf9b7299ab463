package confluent

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// slice is how long one attempt of a lookup may take; the context decides how many there are.
const slice = 5 * time.Second

// Committed implements txn.Consumer. isolation.level=read_committed makes librdkafka ask for stable offsets
// (KIP-447): it waits while a transaction holds pending ones.
func (k *consumer) Committed(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	return look(ctx, k, opCommitted, func() (map[txn.Partition]txn.Position, error) {
		tps, err := k.c.Committed(topicPartitions(parts), sliceMillis(ctx))
		return positions(tps, err)
	})
}

// Ends implements txn.Consumer.
func (k *consumer) Ends(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Ends, error) {
	return look(ctx, k, opEnds, func() (map[txn.Partition]txn.Ends, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		low, err := listOffsets(ctx, k.admin, parts, kafka.EarliestOffsetSpec)
		if err != nil {
			return nil, k.refresh(ctx, parts, err)
		}
		high, err := listOffsets(ctx, k.admin, parts, kafka.LatestOffsetSpec)
		if err != nil {
			return nil, k.refresh(ctx, parts, err)
		}
		ends := make(map[txn.Partition]txn.Ends, len(parts))
		for _, p := range parts {
			ends[p] = txn.Ends{Low: low[p], High: high[p]}
		}
		return ends, nil
	})
}

// Stable implements txn.Consumer.
func (k *consumer) Stable(ctx context.Context, parts []txn.Partition) (map[txn.Partition]int64, error) {
	return look(ctx, k, opEnds, func() (map[txn.Partition]int64, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		m, err := listOffsets(ctx, k.admin, parts, kafka.LatestOffsetSpec, kafka.SetAdminIsolationLevel(kafka.IsolationLevelReadCommitted))
		if err != nil {
			return nil, k.refresh(ctx, parts, err)
		}
		return m, nil
	})
}

// Since implements txn.Consumer. Where there is no such record the broker answers -1.
func (k *consumer) Since(ctx context.Context, parts []txn.Partition, ts int64) (map[txn.Partition]int64, error) {
	return look(ctx, k, opEnds, func() (map[txn.Partition]int64, error) {
		ctx, cancel := context.WithTimeout(ctx, slice)
		defer cancel()
		m, err := listOffsets(ctx, k.admin, parts, kafka.NewOffsetSpecForTimestamp(ts))
		if err != nil {
			return nil, k.refresh(ctx, parts, err)
		}
		maps.DeleteFunc(m, func(_ txn.Partition, offset int64) bool { return offset < 0 })
		return m, nil
	})
}

func listOffsets(ctx context.Context, a *kafka.AdminClient, parts []txn.Partition, at kafka.OffsetSpec, opts ...kafka.ListOffsetsAdminOption) (map[txn.Partition]int64, error) {
	specs := make(map[kafka.TopicPartition]kafka.OffsetSpec, len(parts))
	for _, tp := range topicPartitions(parts) {
		specs[tp] = at
	}
	res, err := a.ListOffsets(ctx, specs, opts...)
	if err != nil {
		return nil, err
	}
	offsets := make(map[txn.Partition]int64, len(parts))
	for tp, info := range res.ResultInfos {
		if info.Error.Code() != kafka.ErrNoError {
			return nil, fmt.Errorf("topic %q partition %d: %w", *tp.Topic, tp.Partition, info.Error)
		}
		offsets[txn.Partition{Topic: *tp.Topic, ID: tp.Partition}] = int64(info.Offset)
	}
	return offsets, nil
}

// refresh makes the client ask for the leaders again, and returns err. ListOffsets sends a leader's epoch from the
// metadata cache. Once a broker has restarted, that one is too old (FENCED_LEADER_EPOCH), and as long as nothing is
// fetched librdkafka asks for another only every topic.metadata.refresh.interval.ms.
func (k *consumer) refresh(ctx context.Context, parts []txn.Partition, err error) error {
	asked := map[string]bool{}
	for _, p := range parts {
		if !asked[p.Topic] {
			asked[p.Topic] = true
			_, _ = k.c.GetMetadata(&p.Topic, false, sliceMillis(ctx)) // if this fails, so will the next attempt
		}
	}
	if hasCode(err, kafka.ErrUnknownPartition) { // new: another member dealt it out, and this client has not heard of it
		return &txn.Error{Op: string(opEnds), Class: txn.ClassRetry, Code: codeName(kafka.ErrUnknownPartition), Err: err}
	}
	return err
}

// KnownEnd implements txn.Consumer. Fetch replies carry it; under read_committed it is the last stable offset.
func (k *consumer) KnownEnd(p txn.Partition) int64 {
	release, err := k.use(opEnds)
	if err != nil {
		return -1
	}
	defer release()
	_, high, err := k.c.GetWatermarkOffsets(p.Topic, p.ID)
	if err != nil || high < 0 {
		return -1
	}
	return high
}

// instance is what look asks: something that can be closed meanwhile.
type instance interface {
	use(operation) (func(), error)
	bootstrap() string
}

// look repeats a call that may be repeated until it succeeds, fails for good, or ctx ends. Then the error says why it had not succeeded.
func look[T any](ctx context.Context, k instance, op operation, call func() (T, error)) (T, error) {
	type answer struct {
		got T
		err error
	}
	var none T
	release, err := k.use(op)
	if err != nil {
		return none, err
	}
	done := make(chan answer, 1)
	var last atomic.Value // the latest error
	go func() {
		defer release()
		got, err := call()
		for classOf(op, err) == txn.ClassRetry {
			last.Store(answer{err: err})
			if !pause(ctx) {
				break
			}
			got, err = call()
		}
		done <- answer{got, err}
	}()
	select {
	case a := <-done:
		return a.got, naming(k.bootstrap(), classify(op, a.err))
	case <-ctx.Done():
		err := fmt.Errorf("%w: %w", errAbandoned, context.Cause(ctx))
		if a, ok := last.Load().(answer); ok && !gaveUp(a.err) {
			err = fmt.Errorf("%w; before: %w", err, a.err)
		}
		return none, naming(k.bootstrap(), classify(op, err))
	}
}

func topicPartitions(parts []txn.Partition) []kafka.TopicPartition {
	tps := make([]kafka.TopicPartition, len(parts))
	for i, p := range parts {
		tps[i] = kafka.TopicPartition{Topic: &p.Topic, Partition: p.ID, Offset: kafka.OffsetInvalid}
	}
	return tps
}

// positions reads what OffsetFetch answered. A negative offset means that there is none, and so does a group that
// nobody has heard of.
func positions(tps []kafka.TopicPartition, err error) (map[txn.Partition]txn.Position, error) {
	if hasCode(err, kafka.ErrGroupIDNotFound) {
		return map[txn.Partition]txn.Position{}, nil
	}
	if err != nil {
		return nil, err
	}
	m := make(map[txn.Partition]txn.Position, len(tps))
	for _, tp := range tps {
		if tp.Error != nil {
			return nil, fmt.Errorf("topic %q partition %d: %w", *tp.Topic, tp.Partition, tp.Error)
		}
		if tp.Offset < 0 {
			continue
		}
		pos := txn.Position{Offset: int64(tp.Offset)}
		if tp.Metadata != nil {
			pos.Metadata = *tp.Metadata
		}
		m[txn.Partition{Topic: *tp.Topic, ID: tp.Partition}] = pos
	}
	return m, nil
}

// sliceMillis is the time left, but at most one slice.
func sliceMillis(ctx context.Context) int {
	left := slice
	if t, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(t))
	}
	return pollMillis(left)
}

// pause waits a little before the next attempt and reports whether there is to be one.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(retryPause):
		return true
	}
}
