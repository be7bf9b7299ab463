package confluent

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// outOfRange is the code of a position that the topic does not hold.
const outOfRange = "_AUTO_OFFSET_RESET"

const (
	// explainTimeout bounds the questions that make an error of Poll say more.
	explainTimeout = 3 * time.Second
	// topicPatience is for how long a topic may be unknown. A broker that is busy, or that has just come back, hears of a new one seconds after
	// the controller has said that it is there; what is taken for missing ends the job.
	topicPatience = 10 * time.Second
)

// readError classifies what Poll was given instead of a record, and looks into what would be of no use without more
// knowledge.
func (k *consumer) readError(ev event, err kafka.Error) error {
	e := &txn.Error{Op: string(opPoll), Class: classOf(opPoll, err), Code: codeName(err.Code()), Err: err}
	if p, _, ok := ev.about(); ok && p.ID >= 0 {
		e.Err = fmt.Errorf("topic %q partition %d: %w", p.Topic, p.ID, err)
	} else if ok {
		e.Err = fmt.Errorf("topic %q: %w", p.Topic, err)
	}
	switch e.Code {
	case outOfRange, "OFFSET_OUT_OF_RANGE":
		e.Err = k.explainRange(e.Err)
	case "UNKNOWN_TOPIC_OR_PARTITION", "_UNKNOWN_TOPIC":
		return k.explainTopic(e)
	}
	return naming(k.brokers, e)
}

// explainRange finds the partitions whose position is outside of what the topic holds.
func (k *consumer) explainRange(cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), explainTimeout)
	defer cancel()
	parts := make([]txn.Partition, 0, len(k.flows))
	for p := range k.flows {
		parts = append(parts, p)
	}
	ends, err := k.Ends(ctx, parts)
	if err != nil {
		return fmt.Errorf("%w (what the topic holds can't be read: %w)", cause, err)
	}
	for p, f := range k.flows {
		if e := ends[p]; f.next < e.Low || f.next > e.High {
			cause = fmt.Errorf("topic %q partition %d: position %d is not in the topic, which holds offsets %d to %d: %w",
				p.Topic, p.ID, f.next, e.Low, e.High, cause)
		}
	}
	return cause
}

// explainTopic tells a topic that does not exist, which stops the job, from one that a broker has not heard of yet:
// in KRaft each hears of a new topic in its own time.
func (k *consumer) explainTopic(e *txn.Error) error {
	ctx, cancel := context.WithTimeout(context.Background(), topicPatience)
	defer cancel()
	for {
		missing, err := k.missingTopic()
		switch {
		case err != nil:
			e.Class = txn.ClassRetry
			return naming(k.brokers, e)
		case missing == "":
			e.Class = txn.ClassRetry
			k.askAgain()
			return e
		case !pause(ctx):
			e.Class = txn.ClassFatal
			e.Err = fmt.Errorf("topic %q does not exist, asked for %v: %w", missing, topicPatience, e.Err)
			return e
		}
	}
}

func (k *consumer) missingTopic() (string, error) {
	for _, t := range k.cfg.Topics {
		md, err := k.c.GetMetadata(&t, false, int(explainTimeout.Milliseconds()))
		if err != nil {
			return "", err
		}
		if c := md.Topics[t].Error.Code(); c == kafka.ErrUnknownTopicOrPart || c == kafka.ErrUnknownTopic {
			return t, nil
		}
	}
	return "", nil
}

// askAgain joins the group anew. A member that has joined without a topic would otherwise look for it again only
// after topic.metadata.refresh.interval.ms.
func (k *consumer) askAgain() {
	if err := k.c.SubscribeTopics(k.cfg.Topics, k.rebalance); err != nil {
		k.fail(classify(opSubscribe, err))
	}
}
