package confluent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// Seek implements txn.Consumer. It replaces librdkafka's assignment rather than using its seek: an assignment stops
// the fetchers, whose version barrier makes everything fetched before invisible, and starts them at explicit
// offsets, whatever state they were in (never started, paused, failed on an offset).
func (k *consumer) Seek(positions map[txn.Partition]int64) error {
	flows := make(map[txn.Partition]*flow, len(positions))
	tps := make([]kafka.TopicPartition, 0, len(positions))
	for p, offset := range positions {
		if offset < 0 {
			return &txn.Error{Op: "seek", Class: txn.ClassFatal, Code: "_INVALID_ARG",
				Err: fmt.Errorf("topic %q partition %d: position %d; expected an offset of 0 or more", p.Topic, p.ID, offset)}
		}
		flows[p] = &flow{Partition: p, next: offset}
		tps = append(tps, kafka.TopicPartition{Topic: &flows[p].Topic, Partition: p.ID, Offset: kafka.Offset(offset)})
	}
	k.stop()
	if e := (*txn.Error)(nil); errors.As(k.err, &e) && e.Code == outOfRange {
		k.err = nil // it was about the positions before
	}
	if err := k.c.Assign(nil); err != nil {
		return classify(opAssign, err)
	}
	if err := k.c.Assign(tps); err != nil {
		return classify(opAssign, err)
	}
	k.flows = flows
	return nil
}

// Subscribe implements txn.Consumer. librdkafka revokes what is owned even if the topics are the same, and whoever leads the group looks at their
// partitions before it deals them out.
func (k *consumer) Subscribe(topics []string) error {
	k.cfg.Topics = slices.Clone(topics)
	return classify(opSubscribe, k.c.SubscribeTopics(topics, k.rebalance))
}

// Hold implements txn.Consumer. As with Pause, what was fetched is fetched again later.
func (k *consumer) Hold(parts []txn.Partition) error {
	free := slices.DeleteFunc(slices.Clone(k.held), func(p txn.Partition) bool { return slices.Contains(parts, p) })
	more := slices.DeleteFunc(slices.Clone(parts), func(p txn.Partition) bool { return k.flows[p] == nil || slices.Contains(k.held, p) })
	if len(free) > 0 {
		if err := k.c.Resume(topicPartitions(free)); err != nil {
			return classify(opPause, err)
		}
	}
	k.held = slices.DeleteFunc(k.held, func(p txn.Partition) bool { return slices.Contains(free, p) })
	if len(more) == 0 {
		return nil
	}
	k.held = append(k.held, more...)
	return classify(opPause, k.c.Pause(topicPartitions(more)))
}

// Position implements txn.Consumer.
func (k *consumer) Position(p txn.Partition) int64 {
	if f := k.flows[p]; f != nil {
		return f.next
	}
	return -1
}

// reached notes that the client has come to the end of a partition, behind control records. Nothing fetched before a Seek says so, since
// its version barrier holds for this too.
func (k *consumer) reached(p txn.Partition, offset int64) {
	if f := k.flows[p]; f != nil && offset > f.next {
		f.next = offset
	}
}

// Pause implements txn.Consumer. librdkafka drops what it has fetched and fetches it again after Resume.
func (k *consumer) Pause() error {
	if len(k.flows) == 0 {
		return nil
	}
	k.paused = true
	return classify(opPause, k.c.Pause(k.flowing()))
}

// Resume implements txn.Consumer.
func (k *consumer) Resume() error { return k.resume() }

func (k *consumer) resume() error {
	if !k.paused || len(k.flows) == 0 {
		k.paused = false
		return nil
	}
	k.paused = false
	return classify(opPause, k.c.Resume(k.flowing()))
}

func (k *consumer) flowing() []kafka.TopicPartition {
	tps := make([]kafka.TopicPartition, 0, len(k.flows))
	for _, f := range k.flows {
		tps = append(tps, kafka.TopicPartition{Topic: &f.Topic, Partition: f.ID})
	}
	return tps
}
