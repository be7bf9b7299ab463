package operators

import (
	"errors"
	"time"

	"github.com/weirstream/weir/state"
)

// BroadcastContext is what a function for broadcast records may ask, and what it needs to change broadcast state. It belongs to one task and to one
// call: keep it no longer.
type BroadcastContext struct {
	t      *Task
	active bool // a broadcast record is at work
}

// Timestamp is that of the record, in milliseconds since the epoch.
func (c *BroadcastContext) Timestamp() int64 { return c.t.ts }

// Now is the processing time.
func (c *BroadcastContext) Now() time.Time { return c.t.env.Now() }

// BroadcastState is a map that every task has all of. The functions for keyed records and timers read it; those for broadcast records
// change it too, in the same way in every task: by the record and the state alone. Its values must not be changed in place.
type BroadcastState[K, V any] struct{ state *state.Broadcast[K, V] }

// NewBroadcastState is the broadcast state of an operator, kept in s.
func NewBroadcastState[K, V any](s *state.Broadcast[K, V]) *BroadcastState[K, V] {
	return &BroadcastState[K, V]{s}
}

// Get returns the value of k; false: there is none.
func (s *BroadcastState[K, V]) Get(k K) (V, bool, error) { return s.state.Get(k) }

// Range calls fn with all entries in the order of their encoded keys, until it returns false. fn must not change the state.
func (s *BroadcastState[K, V]) Range(fn func(k K, v V) bool) { s.state.Range(fn) }

// Put sets the value of k.
func (s *BroadcastState[K, V]) Put(c *BroadcastContext, k K, v V) error {
	if c == nil || !c.active {
		return errNotBroadcast
	}
	return s.state.Put(k, v)
}

// Delete removes k.
func (s *BroadcastState[K, V]) Delete(c *BroadcastContext, k K) error {
	if c == nil || !c.active {
		return errNotBroadcast
	}
	return s.state.Delete(k)
}

var errNotBroadcast = errors.New("broadcast state is changed outside of the call for a broadcast record: tasks would come to differ")

// ProcessBroadcast calls fn with every broadcast record.
func ProcessBroadcast[R any](t *Task, uid string, fn func(ctx *BroadcastContext, rule R) error) Push[R] {
	op := t.operator(uid)
	ctx := &BroadcastContext{t: t}
	return func(rule R) error {
		t.op = op
		ctx.active = true
		err := fn(ctx, rule)
		ctx.active = false
		if t.broken != nil {
			return t.broken // behind a side output
		}
		return t.failed(op, err)
	}
}
