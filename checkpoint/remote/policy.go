package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Policy is the patience with a server.
type Policy struct {
	Timeout  time.Duration // for one call, or for one step of a call that moves data
	Attempts int           // the first included
}

// DefaultPolicy holds unless the URL says otherwise.
var DefaultPolicy = Policy{Timeout: 30 * time.Second, Attempts: 4}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// ErrUnavailable is wrapped by the errors of a store that can't be reached for now, as opposed to one that refuses.
var ErrUnavailable = errors.New("the checkpoint store can't be reached")

// slow is why a context of this package ends.
func (p Policy) slow() error {
	return fmt.Errorf("%w: no answer within %v (parameter timeout of its URL): %w", ErrUnavailable, p.Timeout, context.DeadlineExceeded)
}

// Try calls f until it succeeds, fails for good, or time is over. The context of f ends with the deadline.
func (p Policy) Try(ctx context.Context, passes func(error) bool, f func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeoutCause(ctx, p.Timeout, p.slow())
	defer cancel()
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := ctx.Err()
		if err == nil {
			err = f(limited)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return join(ctx.Err(), err)
		case limited.Err() != nil:
			return join(context.Cause(limited), err)
		case attempt >= p.Attempts || !passes(err):
			return err
		}
		select {
		case <-time.After(pause - rand.N(pause/2)): //nolint:gosec // chance only keeps instances apart
		case <-limited.Done():
		}
		pause = min(2*pause, longestPause)
	}
}

// Watch bounds each step of a call that moves data: when one takes longer than the timeout, the context that belongs to it ends.
type Watch struct {
	timer   *time.Timer
	timeout time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

// NewWatch returns a watch, and the context for the call. End it in any case.
func (p Policy) NewWatch(ctx context.Context) (*Watch, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &Watch{timeout: p.Timeout, ctx: ctx, cancel: cancel}
	w.timer = time.AfterFunc(p.Timeout, func() { cancel(p.slow()) })
	w.timer.Stop()
	return w, ctx
}

// Step runs one step under the clock. Steps of one watch come one after the other.
func (w *Watch) Step(f func() error) error {
	w.timer.Reset(w.timeout)
	err := f()
	w.timer.Stop()
	if cause := context.Cause(w.ctx); err != nil && !errors.Is(err, io.EOF) && cause != nil {
		return join(cause, err)
	}
	return err
}

// join puts why a call ended in front of what it says itself, unless it says that too.
func join(cause, err error) error {
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// End cancels the context; cause is what is under way told.
func (w *Watch) End(cause error) {
	w.timer.Stop()
	w.cancel(cause)
}
