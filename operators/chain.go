package operators

import (
	"context"
	"math"
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// Env is what a task lends to the chain of operators that it runs. A chain and its Env belong to one goroutine.
type Env struct {
	// Task is this task's number within its stage, from 0.
	Task int
	// Parallelism is the number of tasks of every keyed stage, in all instances together.
	Parallelism    int
	MaxParallelism int
	// State is the keyed state of this task; nil in source stages, which have no key.
	State *state.Store
	// Send hands a batch to task target of the stage behind exchange; it blocks while that task is behind, and fails
	// when the work is abandoned. The batch belongs to the receiver from then on.
	Send func(exchange, target int, b Batch) error
	// Portion is how many records a batch for such a task should have at most, so that barriers do not wait long behind it; at least 1. Nil: as many as make
	// sense.
	Portion func(exchange, target int) int
	// Topic is the repartition topic of an exchange. Nil: exchanges are in memory, through Send.
	Topic func(exchange int) string
	// Job is the job's id: the key of what goes to repartition topics, so that a job knows its own.
	Job []byte
	// Produce writes output records; it blocks while the client's queue is full or the epoch is not open yet, and
	// fails when the work is abandoned. The slice may be reused after the call.
	Produce func(records []txn.Record) error
	// Partitions is how many partitions a topic has that a sink may write to; the error wraps ErrTopic if there is no such topic. It
	// may be nil, if no sink has to know.
	Partitions func(topic string) (int32, error)
	// Limits is what a topic takes that a sink may write to. It may be nil: nobody knows.
	Limits func(topic string) txn.Limits
	// Now is the processing time.
	Now func() time.Time
	// Watermark is where the event time of a source partition goes on after a restart; 0: it has not begun.
	Watermark int64
	// Idle: the source partition was idle before the restart, and is so until it has a record.
	Idle bool
	// HeldBack says when the source partition was last not to be read (AlignWatermarks, ReadFirst, a savepoint), which is not idleness; zero: never. It may be nil.
	HeldBack func() time.Time
	// Lost is told of a record of an operator that goes no further: err is what its function failed with, nil of a late one. It may be nil.
	Lost func(uid string, why Loss, err error)
	// Fires is told before a timer fires: the epoch has something to commit that no record has announced. It may be nil.
	Fires func()
	// Burst is how many timers fire at most before the task looks at its input again; 0: 512. They fire for 10 ms at most, and one at least.
	Burst int
	// Context ends when the work is abandoned; nil: never.
	Context context.Context
	// Wake lets the task look at NextTick again, from any goroutine. It may be nil.
	Wake func()
	// Calls hears of asynchronous calls; it may be nil.
	Calls CallMeter
}

// NoWatermark is the watermark before there is one: nothing is late. EndOfTime is the one behind the last record of bounded input: everything is.
const (
	NoWatermark = math.MinInt64
	EndOfTime   = math.MaxInt64
)

// Batch is a batch of records on its way through an exchange; its concrete type is known to the operators at both ends.
type Batch interface {
	Len() int
}

// Chain is a chain of operators, instantiated for one task. Functions return the first error of any operator;
// the work of the whole epoch is then abandoned.
type Chain struct {
	// Source takes a batch of records of one source partition (source stages only).
	Source func(b *txn.Batch) error
	// Exchange takes a batch that came through one of the exchanges in front of the stage (keyed stages only).
	Exchange func(exchange int, b Batch) error
	// Topic takes a batch of the repartition topic of one of those exchanges instead, without marks.
	Topic func(exchange int, b *txn.Batch) error
	// Taken counts the records that have come through exchanges, however many of them travel in one of a repartition topic (keyed stages only).
	Taken func() int
	// Flush sends on everything that the chain has gathered so far: called before a barrier passes, and when input pauses.
	Flush func() error
	// Drain waits for the asynchronous calls that are under way and lets their results into what Flush sends on: called before a barrier
	// passes. Nil: the chain has none.
	Drain func() error

	// Progress says, after Source or Tick, how far the event time of the partition has come (source stages only): no record
	// with a timestamp of wm or less is expected any more. Nobody has to wait for an idle partition. Nil: it has no event time.
	Progress func() (wm int64, idle bool)
	// Watermark lets the operators know of wm, which never sinks, and fires the timers that are due at it (keyed stages only), or leaves them to
	// Tick, which is due at once then. What they emit comes before the watermark: so flush, then send on what Behind says.
	Watermark func(wm int64) error
	// Behind says how far event time has come behind the chain when it has come to wm in front of it: due timers that have not fired, and
	// records that wait for asynchronous calls, hold it back, and keep it from being idle. Nil: equally far.
	Behind func(wm int64, idle bool) (int64, bool)
	// End fires all timers that are set, of both times, as at the end of all input: event time comes to its end, operator after operator, and each timer of
	// processing time fires once, with its own time for the time. Those of processing time that are set meanwhile stay. Afterwards event time is where it was, so
	// that work may go on. Nil: the chain has none.
	End func() error
	// Tick does what is due at this processing time (ms since the epoch): of many timers only some, so that a barrier does not wait for
	// all of them. NextTick says when it is to be called again; ok is false while nothing waits for the time to come.
	Tick     func(now int64) error
	NextTick func() (at int64, ok bool)
}
