package stream

import (
	"errors"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// The times that timers and windows go by.
const (
	ProcessingTime = state.ProcessingTime // the machine's clock
	EventTime      = state.EventTime      // watermarks, see Watermarks
)

// Timer is a timer that fires: its domain and the time that it was set to.
type Timer = operators.Timer

// Timers sets and deletes timers for the key at work.
type Timers = operators.Timers

// OnTimer declares that a process function uses timers, and what is called when one has come: once for each key, domain and time,
// after a restart too, and then late if it fell due meanwhile. States and ctx are those of the timer's key. A process function has one
// OnTimer; fn may set further timers. One of event time is refused, when it is set, if a source of the operator has no Watermarks: it would never fire.
func OnTimer[K, U any](s *Setup, fn func(ctx *Context[K, U], t Timer) error) *Timers {
	switch {
	case fn == nil:
		s.fail(errors.New("OnTimer: " + nilFunction))
	case s.onTimer != nil:
		s.fail(errors.New("OnTimer is called twice"))
		return operators.NewTimers(s.timers, nil)
	}
	s.onTimer, s.timers = fn, s.openTimers()
	return operators.NewTimers(s.timers, errors.Join(s.node.withoutWatermarks()...))
}

// openTimers opens the operator's timers with those that the task's key groups have already.
func (s *Setup) openTimers() *state.Timers {
	t, err := state.NewTimers(s.store, s.node.uid, "timers", s.key)
	if err == nil && s.build != nil {
		env := s.build.task.Env()
		err = t.Load(state.GroupRange(env.Task, env.Parallelism, env.MaxParallelism))
	}
	return handle(s, t, err)
}

// fail keeps the first error.
func (s *Setup) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
