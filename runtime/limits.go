package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/weirstream/weir/txn"
)

// limitsTimeout bounds the question what a topic takes: the work goes on without an answer, as it did before there was the question.
const limitsTimeout = 5 * time.Second

// limits is what all tasks know of what topics take.
type limits struct {
	mu    sync.RWMutex
	known map[string]topicLimits
}

type topicLimits struct {
	txn.Limits
	asked time.Time
}

// limits is what a topic takes, as of not long ago; of one that does not tell, nothing is known.
func (in *Instance) limits(ctx context.Context, topic string) txn.Limits {
	l := &in.taken
	l.mu.RLock()
	t, ok := l.known[topic]
	l.mu.RUnlock()
	if ok && time.Since(t.asked) < sinkFresh {
		return t.Limits
	}
	asking, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	now, err := in.sinkAdmin.Limits(asking, topic)
	switch {
	case err != nil && ok:
		now = t.Limits
	case err != nil && ctx.Err() == nil:
		in.log.Info("what a topic takes is not known: a record that is too large for it will end the job without being named (allow the operation DescribeConfigs)", "topic", topic, "err", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[topic] = topicLimits{now, time.Now()}
	return now
}

// limits is what a task's sinks are told.
func (t *task) limits(topic string) txn.Limits {
	return t.attempt.in.limits(t.attempt.ctx, topic)
}
