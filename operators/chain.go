package operators

import (
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// Env is what a task lends to the chain of operators that it runs. A chain and its Env belong to one goroutine.
type Env struct {
	// Task is this task's number within its stage, from 0.
	Task int
	// Parallelism is the number of tasks of every keyed stage.
	Parallelism    int
	MaxParallelism int
	// State is the keyed state of this task; nil in source stages, which have no key.
	State *state.Store
	// Send hands a batch to task target of the stage behind exchange; it blocks while that task is behind, and fails
	// when the work is abandoned. The batch belongs to the receiver from then on.
	Send func(exchange, target int, b Batch) error
	// Produce writes output records; it blocks while the client's queue is full or the epoch is not open yet, and
	// fails when the work is abandoned. The slice may be reused after the call.
	Produce func(records []txn.Record) error
	// Now is the processing time.
	Now func() time.Time
}

// Batch is a batch of records on its way through an exchange; its concrete type is known to the operators at both ends.
type Batch interface {
	Len() int
}

// Chain is a chain of operators, instantiated for one task. Functions return the first error of any operator;
// the work of the whole epoch is then abandoned.
type Chain struct {
	// Source takes a batch of records of one source partition (source stages only).
	Source func(b *txn.Batch) error
	// Exchange takes a batch that came through an exchange (keyed stages only).
	Exchange func(b Batch) error
	// Flush sends on everything that the chain has gathered so far: called before a barrier passes, and when input pauses.
	Flush func() error
}
