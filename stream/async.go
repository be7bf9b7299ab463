package stream

import (
	"context"
	"errors"
	"time"

	"github.com/weirstream/weir/operators"
)

// AsyncFunc is called with a record, on a goroutine of its own, and returns what becomes of it. ctx ends with the timeout of the attempt, and
// when the work is abandoned; a function that goes on all the same is not waited for. It must not change v.
type AsyncFunc[T, U any] func(ctx context.Context, v T) (U, error)

// Async calls fn with every record, many at once: for what waits for somebody else, such as a service or a database. Results come in the
// order of their records unless Unordered is given, with their timestamps. An error or a panic that Retry does not get over is that of the
// record, as in TryMap.
//
// A call can be made again for the same record, after a failure of any part of the job too: only what it returns is exactly
// once. A barrier waits for all calls under way, at most for Timeout × attempts and the pauses between these; the job is refused if that does
// not fit into the transaction timeout.
func Async[T, U any](s Stream[T], fn AsyncFunc[T, U], opts ...Option) Stream[U] {
	in, n := after(s, "async", opts)
	n.need(fn != nil, nilFunction)
	n.need(!isRecord[T](), "a *stream.Record is reused and can't wait for a call; Map it to what is needed of it first")
	c := n.asyncCalls()
	out := &flow[U]{node: n}
	in.feeds(func(b *builder) operators.Push[T] {
		return operators.Async(b.task, n.label(), c, n.guard(b), fn, out.build(b))
	})
	return out
}

// What Async does if no option says otherwise.
const (
	defaultConcurrency = 100
	defaultTimeout     = 5 * time.Second
)

// Concurrency is how many calls of Async each task may have under way; 100 by default. There is a task for each partition of a source, and
// WEIR_PARALLELISM tasks behind a KeyBy.
func Concurrency(n int) Option { return async(func(c *operators.Calls) { c.Concurrency = n }) }

// Timeout is that of one attempt of a call of Async; 5 s by default.
func Timeout(d time.Duration) Option { return async(func(c *operators.Calls) { c.Timeout = d }) }

// Retry lets Async make a call up to attempts times, the first one included, until it returns no error. It pauses for backoff before the
// second attempt, and twice as long before each further one, up to a minute; each pause is cut short by up to a half at random. A panic is not
// tried again.
func Retry(attempts int, backoff time.Duration) Option {
	return async(func(c *operators.Calls) { c.Attempts, c.Backoff = attempts, backoff })
}

// Unordered lets results of Async go on as they come, so that a slow call holds up nobody but its own record. Records of a key can overtake
// each other.
func Unordered() Option { return async(func(c *operators.Calls) { c.Unordered = true }) }

func async(set func(*operators.Calls)) Option {
	return func(n *node) {
		if n.calls == nil {
			n.calls = &operators.Calls{Concurrency: defaultConcurrency, Timeout: defaultTimeout, Attempts: 1}
		}
		set(n.calls)
	}
}

// asyncCalls are the checked settings of an Async.
func (n *node) asyncCalls() operators.Calls {
	async(func(*operators.Calls) {})(n)
	c := *n.calls
	n.need(c.Concurrency > 0, "its concurrency is below 1")
	n.need(c.Timeout >= time.Millisecond, "its timeout is less than 1ms")
	n.need(c.Attempts > 0 && c.Attempts <= 1000, "the number of its attempts is not 1 to 1000")
	n.need(c.Backoff >= 0, "the pause between its attempts is negative")
	return c
}

// misplacedCalls finds options of Async elsewhere.
func (n *node) misplacedCalls() error {
	if n.calls != nil && n.kind != "async" {
		return errors.New("Concurrency, Timeout, Retry and Unordered are options of Async")
	}
	return nil
}

// isRecord says whether T is *Record.
func isRecord[T any]() bool {
	_, is := any((*T)(nil)).(**Record)
	return is
}

// Wait is how long a barrier can be held up by asynchronous calls, and by which operators: those of the longest way through the graph.
type Wait struct {
	Longest   time.Duration
	Operators []string
}

// longestWait adds up the calls on each way from a source.
func (j *Job) longestWait() (longest Wait) {
	until := map[*node]Wait{}
	for _, n := range j.nodes {
		var w Wait
		for _, in := range n.inputs {
			if until[in].Longest > w.Longest {
				w = until[in]
			}
		}
		if n.calls != nil {
			w = Wait{w.Longest + n.calls.Longest(), append(w.Operators[:len(w.Operators):len(w.Operators)], n.label())}
		}
		until[n] = w
		if w.Longest > longest.Longest {
			longest = w
		}
	}
	return longest
}
