package operators

import (
	"time"

	"github.com/weirstream/weir/state"
)

// Every sweepEvery a task looks at up to sweepLimit values of each state with a TTL: a million of them in under two minutes, at about
// one percent of a core.
const (
	sweepEvery = int64(1000) // ms
	sweepLimit = 10_000
)

// TTL is the time to live of a state by the task's time: the clock, or, in event time, the watermark, with a record's timestamp as the time of
// its use.
func (t *Task) TTL(after time.Duration, onRead bool, d state.Domain) state.TTL {
	ttl := state.TTL{After: after, OnRead: onRead, Domain: d}
	if d == state.EventTime {
		ttl.Now = func() int64 { return t.wm }
		ttl.Stamp = func() int64 { return t.ts }
		return ttl
	}
	ttl.Now = func() int64 { return t.env.Now().UnixMilli() }
	ttl.Stamp = ttl.Now
	return ttl
}

// sweeping removes what has expired, bit by bit.
type sweeping struct {
	t        *Task
	next     int64
	from, to uint16
}

func newSweeping(t *Task) *sweeping {
	s := &sweeping{t: t, next: t.env.Now().UnixMilli() + sweepEvery}
	s.from, s.to = state.GroupRange(t.env.Task, t.env.Parallelism, t.env.MaxParallelism)
	return s
}

func (s *sweeping) tick(now int64) error {
	if now < s.next {
		return nil
	}
	s.next = now + sweepEvery
	return s.t.env.State.Sweep(s.from, s.to, sweepLimit, s.t.fires)
}

func (s *sweeping) nextTick() (at int64, ok bool) { return s.next, true }
