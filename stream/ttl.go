package stream

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// TTL lets what a state holds expire: a value, an entry of a map, or an element of a list, that was not written for After is as good as absent, and is removed in the
// background. A state may get a TTL, lose it or change it at any time. What it holds when it gets one counts as used when it is next met, also if it had one before:
// when things were used is forgotten with the first checkpoint of a run without a TTL (with WEIR_EXCHANGE=kafka, of each part of the state in which something is done).
type TTL struct {
	After time.Duration
	// OnRead lets reading prolong a life, too. Every read of a list then writes the times of all its elements.
	OnRead bool
	// Domain is ProcessingTime unless it is set to EventTime: a value is then as old as the watermark is ahead of the timestamp of the last
	// record that used it.
	Domain state.Domain
}

// options are those of a state: the key's codec, a TTL if there is one, and checks with a policy, which can let a record go only while it is at work.
func (s *Setup) options(name string, ttl []TTL) []state.HandleOption {
	opts := []state.HandleOption{s.key}
	if s.node.onError != (operators.Policy{}) {
		opts = append(opts, state.WithChecks())
	}
	if len(ttl) == 0 {
		return opts
	}
	t := ttl[0]
	switch {
	case len(ttl) > 1:
		s.fail(fmt.Errorf("a state has one TTL, not %d", len(ttl)))
	case t.After < time.Millisecond:
		s.fail(fmt.Errorf("the TTL is %v, want at least 1ms", t.After))
	}
	if t.Domain == state.EventTime {
		for _, err := range s.node.withoutWatermarks() {
			s.fail(fmt.Errorf("the TTL: %w", err))
		}
	}
	if s.build == nil {
		if s.ttls == nil {
			s.ttls = map[string]TTL{}
		}
		s.ttls[name] = t
		return append(opts, state.WithTTL(state.TTL{After: t.After, Domain: t.Domain}))
	}
	return append(opts, state.WithTTL(s.build.task.TTL(t.After, t.OnRead, t.Domain)))
}
