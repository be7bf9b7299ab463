package operators

import (
	"time"

	"github.com/weirstream/weir/state"
)

// Context is what a process function may ask and do about the record or timer at work. It belongs to one task: keep neither it
// nor what it gives beyond the call.
type Context[K, U any] struct {
	emitter[U]
	key   *K
	alarm *alarm[K] // nil without timers
}

// Key is the key of the record or timer.
func (c *Context[K, U]) Key() K { return *c.key }

// Timestamp is that of the record, or the time that the timer was set to, in milliseconds since the epoch.
func (c *Context[K, U]) Timestamp() int64 { return c.t.ts }

// Now is the processing time.
func (c *Context[K, U]) Now() time.Time { return c.t.now() }

// Watermark is how far event time has come here: a record whose timestamp is not above it is late. It is NoWatermark
// at first, and in an operator without timers.
func (c *Context[K, U]) Watermark() int64 {
	if c.alarm == nil {
		return NoWatermark
	}
	return c.alarm.wm
}

// Emit sends u on, under the record's key and timestamp. After an error further down, which ends the epoch, it does
// nothing.
func (c *Context[K, U]) Emit(u U) { c.emit(u) }

// settle is what the operator returns after its function returned err.
func (c *Context[K, U]) settle(err error) error {
	if c.t.broken != nil {
		return c.t.broken // came first
	}
	return c.result(err)
}

// Process calls fn with every record.
func Process[K, T, U any](t *Task, uid string, fn func(ctx *Context[K, U], v T) error, next Push[U]) Push[T] {
	return process(newContext[K](t, uid, next), fn)
}

// ProcessTimers is Process with timers: fire is called with each of them when its time has come, under the guard g, as what is returned should be.
func ProcessTimers[K, T, U any](t *Task, uid string, g *Guard, fn func(ctx *Context[K, U], v T) error,
	timers *state.Timers, codec state.Codec[K], fire func(ctx *Context[K, U], timer Timer) error, next Push[U]) Push[T] {
	ctx := newContext[K](t, uid, next)
	ctx.alarm = newAlarm(t, ctx.op, codec, timers)
	ctx.alarm.fire = Guarded(g, func(due state.Due) error {
		return ctx.settle(fire(ctx, Timer{due.Domain, due.At}))
	})
	return process(ctx, fn)
}

func newContext[K, U any](t *Task, uid string, next Push[U]) *Context[K, U] {
	return &Context[K, U]{emitter: *newEmitter(t, uid, next), key: t.key.(*K)}
}

func process[K, T, U any](ctx *Context[K, U], fn func(ctx *Context[K, U], v T) error) Push[T] {
	t := ctx.t
	return func(v T) error {
		t.op = ctx.op
		return ctx.settle(fn(ctx, v))
	}
}
