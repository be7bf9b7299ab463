package operators

import (
	"context"
	"sync"
	"time"
)

// Calls says how asynchronous calls are made.
type Calls struct {
	// Concurrency is how many calls of one task may be under way, results that wait for their turn included.
	Concurrency int
	// Timeout is that of one attempt.
	Timeout time.Duration
	// Attempts is how often a call is tried before its error counts; Backoff is the pause before the second attempt, and doubles before
	// each further one.
	Attempts int
	Backoff  time.Duration
	// Unordered lets results go on as they come.
	Unordered bool
}

// CallMeter hears of asynchronous calls, from any goroutine.
type CallMeter interface {
	CallBegan(uid string)
	CallEnded(uid string)
	CallRetried(uid string)
	CallTimedOut(uid string)
}

// async lets calls run side by side. Records wait here for their results; whatever follows them in the task (event time, a barrier) is held
// back behind them. Results are emitted on the task's goroutine, each in the place of its own record.
type async[T, U any] struct {
	Calls
	t     *Task
	op    int32
	fn    func(ctx context.Context, v T) (U, error)
	next  Push[U]
	ctx   context.Context // ends when the work is abandoned
	guard *Guard
	held  holding
	open  int // calls that were begun and not emitted

	mu    sync.Mutex
	queue []*call[U] // ordered: all, in the order of their records; unordered: those that are done
	ready chan struct{}
}

// call is a record on its way through fn.
type call[U any] struct {
	place  place
	span   *span
	done   bool
	result U
	err    error
}

// Async calls fn with every record, many at once, and pushes what it returns.
func Async[T, U any](t *Task, uid string, c Calls, g *Guard, fn func(ctx context.Context, v T) (U, error), next Push[U]) Push[T] {
	o := &async[T, U]{Calls: c, t: t, guard: g, op: t.operator(uid), fn: fn, next: next, ctx: t.env.Context, ready: make(chan struct{}, 1)}
	if o.ctx == nil {
		o.ctx = context.Background()
	}
	o.held.in = t.begun()
	t.timed = append(t.timed, o)
	t.waits = append(t.waits, o)
	return o.push
}

func (o *async[T, U]) push(v T) error {
	o.t.op = o.op
	for o.open >= o.Concurrency {
		if err := o.one(); err != nil {
			return err
		}
	}
	c := &call[U]{place: o.t.keep(), span: o.held.enter()}
	o.open++
	if !o.Unordered {
		o.mu.Lock()
		o.queue = append(o.queue, c)
		o.mu.Unlock()
	}
	go o.run(c, v)
	return nil
}

// run makes a call and leaves its result to the task.
func (o *async[T, U]) run(c *call[U], v T) {
	result, err := o.call(v)
	o.mu.Lock()
	c.result, c.err, c.done = result, err, true
	if o.Unordered {
		o.queue = append(o.queue, c)
	}
	due := o.queue[0] == c
	o.mu.Unlock()
	if !due {
		return // another one is, and comes first
	}
	select {
	case o.ready <- struct{}{}:
	default:
	}
	if o.t.env.Wake != nil {
		o.t.env.Wake()
	}
}

// due says whether there is a result to be emitted.
func (o *async[T, U]) due() bool { return len(o.queue) > 0 && o.queue[0].done }

// take is the next result; nil: there is none yet.
func (o *async[T, U]) take() *call[U] {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.due() {
		return nil
	}
	c := o.queue[0]
	o.queue[0] = nil
	o.queue = o.queue[1:]
	return c
}

// one waits for a result and emits it.
func (o *async[T, U]) one() error {
	for {
		if c := o.take(); c != nil {
			return o.emit(c)
		}
		select {
		case <-o.ready:
		case <-o.ctx.Done():
			return o.ctx.Err()
		}
	}
}

// emit pushes a result, or raises an error, in the place of its record.
func (o *async[T, U]) emit(c *call[U]) error {
	if err := o.ctx.Err(); err != nil {
		return err // abandoned: nobody has to hear what became of it
	}
	was := o.t.place()
	o.t.goTo(c.place)
	o.t.op = o.op
	err := o.guard.outcome(o.t.failed(o.op, c.err))
	if c.err == nil {
		err = o.next(c.result)
	}
	o.open--
	o.held.leave(c.span)
	o.t.goTo(was)
	return err
}

// drain waits until nothing is under way.
func (o *async[T, U]) drain() error {
	for o.open > 0 {
		if err := o.one(); err != nil {
			return err
		}
	}
	return nil
}

func (o *async[T, U]) reach(wm int64, idle bool) (int64, bool) { return o.held.reach(wm, idle) }

// tick emits what has come.
func (o *async[T, U]) tick(int64) error {
	for c := o.take(); c != nil; c = o.take() {
		if err := o.emit(c); err != nil {
			return err
		}
	}
	return nil
}

// nextTick is at once if something has come.
func (o *async[T, U]) nextTick() (at int64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return 0, o.due()
}
