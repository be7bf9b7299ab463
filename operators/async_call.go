package operators

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// longestPause bounds the pauses between attempts.
const longestPause = time.Minute

// pause is the longest pause behind an attempt.
func (c Calls) pause(attempt int) time.Duration {
	if c.Backoff <= 0 {
		return 0
	}
	d := c.Backoff
	for ; attempt > 1 && d < longestPause; attempt-- {
		d *= 2
	}
	return min(d, max(longestPause, c.Backoff))
}

// Longest is how long a call takes at most, which is how long a barrier can wait for it.
func (c Calls) Longest() time.Duration {
	total := float64(c.Timeout) * float64(c.Attempts)
	for attempt := 1; attempt < c.Attempts && total < math.MaxInt64; attempt++ {
		total += float64(c.pause(attempt))
	}
	return time.Duration(min(total, math.MaxInt64/2))
}

// call tries until an attempt succeeds, or the last one has failed.
func (o *async[T, U]) call(v T) (result U, err error) {
	uid, meter := o.t.uids[o.op], o.t.env.Calls
	if meter == nil {
		meter = deaf{}
	}
	meter.CallBegan(uid)
	defer meter.CallEnded(uid)
	for attempt := 1; ; attempt++ {
		result, err = o.try(v)
		var panicked *PanicError
		switch {
		case err == nil || o.ctx.Err() != nil || errors.As(err, &panicked):
			return result, err
		case errors.Is(err, errNoAnswer):
			meter.CallTimedOut(uid)
		}
		if attempt >= o.Attempts {
			return result, lastAttempt(attempt, err)
		}
		meter.CallRetried(uid)
		if err := o.rest(attempt); err != nil {
			return result, err
		}
	}
}

func lastAttempt(attempt int, err error) error {
	if attempt == 1 {
		return err
	}
	return fmt.Errorf("failed %d times, the last time: %w", attempt, err)
}

// errNoAnswer is what a timeout is told by. It is a context.DeadlineExceeded to whoever asks.
var errNoAnswer = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// try makes one attempt. It ends with the timeout even if fn doesn't.
func (o *async[T, U]) try(v T) (result U, err error) {
	ctx, cancel := context.WithTimeout(o.ctx, o.Timeout)
	defer cancel()
	type answer struct {
		result U
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() { answers <- a }()
		defer func() {
			if p := recover(); p != nil {
				a.err = Recovered(p)
			}
		}()
		a.result, a.err = o.fn(ctx, v)
	}()
	select {
	case a := <-answers:
		if a.err == nil || ctx.Err() == nil || !errors.Is(a.err, ctx.Err()) {
			return a.result, a.err
		}
	case <-ctx.Done():
	}
	if err := o.ctx.Err(); err != nil {
		return result, err
	}
	return result, fmt.Errorf("%w (%v)", errNoAnswer, o.Timeout)
}

// rest pauses behind an attempt, for half of the longest pause at least: calls that have failed together don't come back together.
func (o *async[T, U]) rest(attempt int) error {
	d := o.pause(attempt)
	if d > 1 {
		d = d/2 + rand.N(d/2) //nolint:gosec // it spreads load, and protects nothing
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
}

// deaf is the meter where there is none.
type deaf struct{}

func (deaf) CallBegan(string)    {}
func (deaf) CallEnded(string)    {}
func (deaf) CallRetried(string)  {}
func (deaf) CallTimedOut(string) {}
