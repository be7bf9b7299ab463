package confluent

import (
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// membership is the driver's txn.GroupMetadata: group, generation, member and instance, serialised by librdkafka.
type membership struct {
	meta *kafka.ConsumerGroupMetadata
}

// rebalance runs inside Poll. (As the Go client's callback it would run inside its Poll and Close, which are not used
// while there is a membership.) Every path must end in
// Assign or Unassign: librdkafka waits for that acknowledgement before it goes on.
func (k *consumer) rebalance(c *kafka.Consumer, ev kafka.Event) error {
	switch e := ev.(type) {
	case kafka.AssignedPartitions:
		k.assigned(c, partitions(e.Partitions))
	case kafka.RevokedPartitions:
		k.revoked(c, partitions(e.Partitions))
	}
	return nil
}

// assigned acknowledges with an empty assignment: nothing is fetched before Seek says from where.
func (k *consumer) assigned(c *kafka.Consumer, parts []txn.Partition) {
	k.stop()
	meta, err := c.GetConsumerGroupMetadata()
	if err == nil {
		err = c.Assign(nil)
	}
	if err != nil {
		k.fail(classify(opAssign, err))
		return
	}
	k.owned = parts
	k.handler.Assigned(parts, &membership{meta})
}

// revoked lets the handler commit, and gives up the assignment only then.
func (k *consumer) revoked(c *kafka.Consumer, parts []txn.Partition) {
	defer k.acknowledge(c)
	defer k.stop()
	k.drop() // records read but not handed out are read again by the next owner
	k.owned = nil
	if c.AssignmentLost() {
		k.handler.Lost(parts)
	} else {
		k.handler.Revoked(parts)
	}
}

// acknowledge gives up the assignment, when no commit is under way any more.
func (k *consumer) acknowledge(c *kafka.Consumer) {
	k.member.Lock()
	defer k.member.Unlock()
	if err := c.Unassign(); err != nil {
		k.fail(classify(opAssign, err))
	}
}

// stop forgets what was read and lets nothing flow. librdkafka remembers a pause beyond the assignment, so it is
// lifted here; an error would come back from the next Assign.
func (k *consumer) stop() {
	k.drop()
	_ = k.Hold(nil)
	_ = k.resume()
	k.flows, k.seen = map[txn.Partition]*flow{}, nil
}

// drop forgets the records of the Poll under way.
func (k *consumer) drop() {
	for _, b := range k.out {
		txn.Recycle(b)
	}
	for _, f := range k.flows {
		f.batch = nil
	}
	k.out, k.count, k.last = nil, 0, nil
}

// fail keeps the first error for the next Poll.
func (k *consumer) fail(err error) {
	if k.err == nil {
		k.err = err
	}
}

func partitions(tps []kafka.TopicPartition) []txn.Partition {
	parts := make([]txn.Partition, len(tps))
	for i, tp := range tps {
		parts[i] = txn.Partition{Topic: *tp.Topic, ID: tp.Partition}
	}
	return parts
}
