package stream

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/operators"
)

// ErrorPolicy says what becomes of a record that a function fails on: Fail, Skip or DeadLetter.
type ErrorPolicy interface{ policy() operators.Policy }

type errorPolicy uint8

const (
	// Fail fails the epoch, which is processed again; a record that fails again and again ends the job. It is the default.
	Fail errorPolicy = iota
	// Skip goes on without the record, and counts it (weir_skipped_records_total).
	Skip
)

func (p errorPolicy) policy() operators.Policy { return operators.Policy{Skip: p == Skip} }

// DeadLetter goes on without the record, and writes the source record that it was made of to this topic, in the same transaction: key, value,
// headers and timestamp as they were read, and headers that say what happened (HeaderCause and others). If
// the record is so large that the topic does not take it with all of them, the cause is shortened, or it has none of them.
type DeadLetter string

func (topic DeadLetter) policy() operators.Policy { return operators.Policy{Letters: string(topic)} }

// The headers of a dead letter, behind those of the source record. A dead letter that was processed and has failed again has them twice: the
// last ones count.
const (
	HeaderCause     = operators.HeaderCause
	HeaderOperator  = operators.HeaderOperator
	HeaderTopic     = operators.HeaderTopic
	HeaderPartition = operators.HeaderPartition
	HeaderOffset    = operators.HeaderOffset
)

// OnError says what becomes of a record that a function of this operator fails on, with an error or a panic. Every operator that runs functions of the job has it:
// sources (for their decode function and TimestampOf), sinks (encode, and whatever is wrong with the record's topic, partition or timestamp), KeyBy, Map, Filter, FlatMap,
// their Try… forms, Split, Async (when its attempts are used up), Process, ProcessBroadcast, Reduce, Sum, Min, Max, Aggregate, windows, joins and
// AsTable. Operators behind this one have policies of their own.
//
// Of a record that is let go nothing remains, neither in outputs nor in state and timers: it is as if it had never come to this operator. What operators before this one have done
// with it stays done, event time included. What the function emits is held back in memory until it returns.
//
//   - Process: what its function has done to state can't be taken back. One that has changed state or timers, or could not read state, before it
//     failed still fails the epoch, so it should check a record before the first change. (A value that Get has lent must not be changed in place before
//     either. Reading a state whose TTL has OnRead is a change.)
//   - Functions that fold (Reduce, Add, Merge) may change their accumulator in place as always: they get a copy, made by its codec, unless it holds no pointers, slices or maps.
//     All functions for a record come before the first change: a record that fails in one of several windows is in none of them.
//   - Joins: a record whose pairs are emitted as it comes is let go as a whole if the function fails for one of them.
//
// Timers: a failure of a function of OnTimer, of Result at the end of a window or for an early result, or of a window join's function at the end
// of its window has no record to let go. Skip drops what this one call would have emitted, and counts it: the timer has fired, the
// window is over, and its other pairs are emitted. (A function of OnTimer that has changed state before it failed fails the epoch.) DeadLetter fails the epoch,
// since there is no source record to write, and so it does for what fails behind a timer or the end of a window.
//
// The function for broadcast records of ProcessBroadcast has no policy: tasks would come to differ if one of them let a record go that others did not.
func OnError(p ErrorPolicy) Option {
	return func(n *node) {
		n.need(p != nil, "the policy of OnError is nil")
		if p == nil {
			return
		}
		n.onError = p.policy()
		if topic, ok := p.(DeadLetter); ok {
			n.need(topic != "", "the topic of its dead letters is empty")
		}
	}
}

// checkPolicy finds what is wrong with the policy of n; sources are those of each topic that the job reads.
func (n *node) checkPolicy(sources map[string]*node) (errs []error) {
	if err := n.unguarded(); err != nil && n.onError != (operators.Policy{}) {
		errs = append(errs, err)
	}
	if topic := n.onError.Letters; sources[topic] != nil {
		errs = append(errs, fmt.Errorf("its dead letters go to topic %q, which source %q reads: they would come again for ever", topic, sources[topic].label()))
	}
	return errs
}

// unguarded says why n can't have a policy, if it can't.
func (n *node) unguarded() error {
	switch {
	case n.kind == "broadcast":
		return errors.New("OnError is not for this operator: it runs no function")
	case n.kind == "jointable" && n.ttl != nil && n.ttl.OnRead:
		return errors.New("OnError is not for a table with TableTTL and OnRead: a record that is let go has prolonged the life of its row, which can't be taken back. Leave OnRead out")
	}
	return nil
}

// guard makes the guard of n for one task.
func (n *node) guard(b *builder) *operators.Guard {
	return operators.NewGuard(b.task, n.label(), n.onError)
}

// findLetters finds out behind which operators dead letters may be written, for which source records have to be at hand.
func (j *Job) findLetters() {
	behind := map[*node]bool{}
	for _, n := range slices.Backward(j.nodes) {
		for _, in := range n.inputs {
			behind[in] = behind[in] || behind[n] || n.onError.Letters != ""
		}
	}
	for _, n := range j.nodes {
		if n.raw != nil && *n.raw != behind[n] { // a task of an earlier, equal plan may be reading it
			*n.raw = behind[n]
		}
	}
}
