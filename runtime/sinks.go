package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/txn"
)

// checkSinks makes sure of all topics that are known beforehand.
func (in *Instance) checkSinks(ctx context.Context) error {
	letters, outputs := in.letterTopics(), in.sinkTopics()
	outputs = slices.DeleteFunc(outputs, func(topic string) bool { return slices.Contains(letters, topic) })
	if err := in.checkTopics(ctx, outputs, "WEIR_OUTPUT_TOPIC for a built-in job"); err != nil {
		return err
	}
	return in.checkTopics(ctx, letters, "WEIR_DEAD_LETTER_TOPIC for a built-in job")
}

func (in *Instance) checkTopics(ctx context.Context, topics []string, setting string) error {
	counts, err := in.topicCounts(ctx, in.sinkAdmin, topics, setting)
	if err != nil {
		return err
	}
	if err := in.checkWritable(ctx, topics, setting); err != nil {
		return err
	}
	in.sinks.learn(counts)
	return nil
}

func (in *Instance) checkWritable(ctx context.Context, topics []string, setting string) error {
	denied, err := in.sinkAdmin.Unwritable(ctx, topics)
	if err != nil {
		return fmt.Errorf("topics %q (%s): %w", topics, setting, err)
	}
	if len(denied) > 0 {
		return fmt.Errorf("%w: no permission to write topics %q (%s): TOPIC_AUTHORIZATION_FAILED; allow the operation Write", ErrConfig, denied, setting)
	}
	return nil
}

func (in *Instance) sinkTopics() []string {
	var topics []string
	for i := range in.o.Plan.Stages {
		topics = append(topics, in.o.Plan.Stages[i].Sinks...)
	}
	return topics
}

func (in *Instance) letterTopics() []string {
	var topics []string
	for i := range in.o.Plan.Stages {
		topics = append(topics, in.o.Plan.Stages[i].Letters...)
	}
	return topics
}

// sinks is what all tasks know of the topics that they write to.
type sinks struct {
	in     *Instance
	counts topicCache[int32]
	limits topicCache[txn.Limits]
}

func newSinks(in *Instance) *sinks { return &sinks{in: in} }

func (s *sinks) learn(counts map[string]int) {
	for topic, n := range counts {
		s.counts.learn(topic, int32(n))
	}
}

// partitions is how many a topic has, as of not long ago. One that is new here is looked at as those that were known beforehand.
func (s *sinks) partitions(ctx context.Context, topic string) (int32, error) {
	n, ok, fresh := s.counts.of(topic)
	if fresh {
		return n, nil
	}
	if d, ok := s.in.decisions.(*topicDecisions); ok && d.topic == topic {
		return 0, fmt.Errorf("%w: topic %q is for the job's decision records", operators.ErrTopic, topic)
	}
	ctx, cancel := context.WithTimeout(ctx, s.in.o.StartTimeout)
	defer cancel()
	counts, err := s.in.topicCounts(ctx, s.in.sinkAdmin, []string{topic}, "a record is for it")
	if err == nil && !ok {
		err = s.in.checkUnread(topic)
	}
	if err == nil && !ok {
		err = s.in.checkWritable(ctx, []string{topic}, "a record is for it")
	}
	switch {
	case errors.Is(err, ErrConfig):
		return 0, fmt.Errorf("%w: %w", operators.ErrTopic, err)
	case err != nil && ok:
		return n, nil // it will be asked for again
	case err != nil:
		return 0, err
	}
	s.learn(counts)
	return int32(counts[topic]), nil
}

// partitions is what a task's sinks are told.
func (t *task) partitions(topic string) (int32, error) {
	n, err := t.attempt.in.sinks.partitions(t.attempt.ctx, topic)
	if err != nil && t.attempt.halted.Load() {
		return 0, errHalted
	}
	return n, err
}
