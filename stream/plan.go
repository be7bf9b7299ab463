package stream

import (
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/state"
)

// Plan is a checked job, cut at its exchanges into stages: what the runtime executes.
type Plan struct {
	Job       string
	Stages    []Stage // every stage comes after those that send to it
	Exchanges []Exchange
	Wait      Wait // of barriers for asynchronous calls
	// Migrations are for values in savepoints that the job could not read.
	Migrations []Migration
}

// Exchange is where a stream is parted by key. Its number is its place in the plan.
type Exchange struct {
	UID string // of the keyBy
	// Portable says whether records can cross in a repartition topic: what they are encoded with is known.
	Portable bool
	// Named says whether the uid was given, so that it stays the same when the job changes.
	Named bool
}

// Stage is operators without an exchange between them. A source stage has one task per source partition, a keyed
// stage Parallelism tasks, each of which owns a range of key groups.
type Stage struct {
	Name string // the uids of its operators, for logs and metrics
	UID  string // of the operator that it begins with
	// Source is set for source stages.
	Source *SourceSpec
	// Inputs lists the exchanges that feed a keyed stage: several, if streams are joined in it.
	Inputs []int
	// Sends lists the exchanges that this stage's chains send to.
	Sends []int
	// EventTime says whether watermarks come out of it: a source of it has them.
	EventTime bool
	// Sinks lists the topics it writes to, Letters those of them that get dead letters.
	Sinks, Letters []string
	// New instantiates the chain for one task.
	New func(env *operators.Env) (*operators.Chain, error)
	// Stateful says whether operators of the stage keep keyed state.
	Stateful bool
	// States registers the stage's states, so that their descriptors are known before any task runs.
	States func(reg *state.Registry) error
}
