package operators

import "time"

// Context is what a process function may ask and do about the record at work. It belongs to one task: keep neither it
// nor what it gives beyond the call.
type Context[K, U any] struct {
	emitter[U]
	key *K
}

// Key is the key of the record.
func (c *Context[K, U]) Key() K { return *c.key }

// Timestamp is that of the record, in milliseconds since the epoch.
func (c *Context[K, U]) Timestamp() int64 { return c.t.ts }

// Now is the processing time.
func (c *Context[K, U]) Now() time.Time { return c.t.env.Now() }

// Emit sends u on, under the record's key and timestamp. After an error further down, which ends the epoch, it does
// nothing.
func (c *Context[K, U]) Emit(u U) { c.emit(u) }

// Process calls fn with every record.
func Process[K, T, U any](t *Task, uid string, fn func(ctx *Context[K, U], v T) error, next Push[U]) Push[T] {
	ctx := &Context[K, U]{emitter: *newEmitter(t, uid, next), key: t.key.(*K)}
	return func(v T) error {
		t.op = ctx.op
		return ctx.result(fn(ctx, v))
	}
}
