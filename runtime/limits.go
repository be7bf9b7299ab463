package runtime

import (
	"context"
	"time"

	"github.com/weirstream/weir/txn"
)

// limitsTimeout bounds the question what a topic takes: the work goes on without an answer, as it did before there was the question.
const limitsTimeout = 5 * time.Second

// takes is what a topic takes, as of not long ago; of one that does not tell, nothing is known.
func (s *sinks) takes(ctx context.Context, topic string) txn.Limits {
	before, ok, fresh := s.limits.of(topic)
	if fresh {
		return before
	}
	asking, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	now, err := s.in.sinkAdmin.Limits(asking, topic)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return before // the work is over: that is no answer
	case ok:
		now = before
	default:
		s.in.log.Info("what a topic takes is not known: a record that is too large for it will end the job without being named (allow the operation DescribeConfigs)", "topic", topic, "err", err)
	}
	s.limits.learn(topic, now)
	return now
}

// limits is what a task's sinks are told.
func (t *task) limits(topic string) txn.Limits {
	return t.attempt.in.sinks.takes(t.attempt.ctx, topic)
}
