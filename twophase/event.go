package twophase

// Guarantee says what a job promises of its outputs. State is exactly consistent with the committed offsets
// under both.
type Guarantee uint8

// The two guarantees.
const (
	// ExactlyOnce commits outputs and offsets in one Kafka transaction (KIP-98, KIP-447).
	ExactlyOnce Guarantee = iota
	// AtLeastOnce commits offsets once every output is acknowledged; after a failure outputs can repeat.
	AtLeastOnce
)

// Epoch numbers the epochs of one run, from 1. A number is never used twice in a run, not even after an abort: a
// checkpoint id is made of the run and this number, and no two checkpoints may share one.
type Epoch uint64

// EventKind says what happened.
type EventKind uint8

// What can happen. The events marked "answers X" are the results of effect X; the caller delivers exactly one
// result for each effect that has one: its answer or Failed.
const (
	// Assigned: all partitions of the sources are ours.
	Assigned EventKind = iota + 1
	// Revoked: partitions are to be given back in good order; the epoch may still be committed before Release.
	Revoked
	// RevokeExpired: the time to give partitions back in good order is over: abort, then release.
	RevokeExpired
	// Lost: partitions are gone already; nothing of the open epoch may be committed.
	Lost
	// Shutdown: finish the open epoch and stop.
	Shutdown

	// Processed: the open epoch has had its first record, timer or state change.
	Processed
	// BarrierDue: it is time for a barrier (interval, overlay full, savepoint).
	BarrierDue
	// Aligned answers InjectBarrier: every task has passed the barrier of Event.Epoch. All outputs of that epoch
	// are with the producer, its state is sealed.
	Aligned

	// Fenced answers Fence: a fresh producer exists and no older one of this transactional id can commit any more.
	Fenced
	// DecisionRead answers ReadDecision. Event.Decision is the epoch of this run that the decision record names,
	// or 0 if it names none of this run.
	DecisionRead
	// Restored answers Restore: state and source positions are those of the decision, the tasks wait for Begin.
	Restored
	// Began answers Begin: outputs of the epoch may be produced.
	Began
	// Flushed answers Flush: every output of the epoch is acknowledged (or the commit will fail if one is not).
	Flushed
	// Stored answers Store: delta and manifest are durable in the checkpoint store.
	Stored
	// OffsetsSent answers SendOffsets: the transaction holds the offsets and the checkpoint id.
	OffsetsSent
	// Committed answers Commit: the decision has fallen.
	Committed
	// Aborted answers Abort: the transaction is over, its outputs will never be read, the producer can go on.
	Aborted
	// Released answers Release.
	Released

	// Failed answers any effect that could not be done, with Op and Cause; with Op OpProcess it says that the
	// tasks themselves failed (a user's function, a produce call, a read).
	Failed
)

// Cause classes a failure by what has to follow.
type Cause uint8

// The causes. Package txn's classifier gives them for Kafka's errors.
const (
	// Abortable: the effect surely did not happen; the transaction can be aborted and the producer lives on.
	Abortable Cause = iota + 1
	// ProducerDead: the effect surely did not happen, but the producer cannot be used again.
	ProducerDead
	// ProducerFenced: a newer producer of our transactional id exists, or the broker ended our transaction for its
	// age. The first time it is taken for the latter; a second one without a commit between is a rival.
	ProducerFenced
	// OutcomeUnknown: the effect may or may not have happened, and may still happen later.
	OutcomeUnknown
	// Fatal: going on makes no sense (permission, configuration, corrupt state).
	Fatal
)

// Event is one thing that happened. Its zero fields mean nothing.
type Event struct {
	Kind     EventKind
	Epoch    Epoch // of Processed and of the answers that belong to an epoch
	Decision Epoch // of DecisionRead
	Op       Op    // of Failed
	Cause    Cause // of Failed
}
