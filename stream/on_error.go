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

// OnError says what becomes of a record that a function of this operator fails on, with an error or a panic. It is an option of sources (for
// their decode function), sinks (encode, and whatever is wrong with the record's topic, partition or timestamp), KeyBy, Map, Filter, FlatMap, their
// Try… forms, Split, Async (when its attempts are used up), Process, and ProcessBroadcast (its function for keyed records). Operators behind this one
// have policies of their own.
//
// Of a record that is let go nothing remains: what the function has emitted before it failed is dropped, and is held back in memory until it
// returns. State can't be taken back: a function of Process that has changed state or timers, or whose state could not be read, before it failed
// still fails the epoch, so it should check a record before the first change. (A value that Get has lent must not be changed in place
// before either.) What operators before this one have done with the record stays done.
//
// The functions of timers are not covered, and neither are those that fold records into state (Reduce, Sum, Aggregate, windows): their failures fail
// the epoch. For what a timer or the end of a window has made there is no source record, so that DeadLetter fails the epoch there.
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

// guarded are the kinds of operators that have a policy.
var guarded = []string{"source", "sink", "keyby", "map", "filter", "flatmap", "split", "async", "process", broadcastKind}

// checkPolicy finds what is wrong with the policy of n; sources are those of each topic that the job reads.
func (n *node) checkPolicy(sources map[string]*node) (errs []error) {
	if n.onError != (operators.Policy{}) && !slices.Contains(guarded, n.kind) {
		errs = append(errs, errors.New("OnError is not for this operator: a function that fails in it may have changed state already"))
	}
	if topic := n.onError.Letters; sources[topic] != nil {
		errs = append(errs, fmt.Errorf("its dead letters go to topic %q, which source %q reads: they would come again for ever", topic, sources[topic].label()))
	}
	return errs
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
