package twophase

// Op is something the caller must do.
type Op uint8

// The effects. Each comment says what must have happened before; the caller runs effects of one Step in the order
// given, and those that are not ordered by an answer may run side by side.
const (
	// OpProcess is no effect: it names the work of the tasks in Failed events. Give Event.Epoch with it, so that a
	// late failure of tasks that have been halted is known as such.
	OpProcess Op = iota

	// Fence halts the tasks, destroys the producer if there is one, and makes a new one whose InitTransactions has
	// returned. BEFORE: nothing. AFTER: no earlier transaction of ours can still be committed (KIP-98
	// §InitProducerId). At least once: a plain new producer; AFTER: an offset commit whose answer was not heard has
	// been carried out by now or never will be.
	Fence
	// ReadDecision reads the committed offsets of all partitions, stably (KIP-447: no pending transaction), and the
	// checkpoint id in their metadata; where they are records of a topic, up to its end. BEFORE: Fenced, if our own outcome is in doubt.
	ReadDecision
	// Publish makes the state of a decided epoch the committed state: apply its delta (at leisure: it is durable),
	// mark its manifest committed, let older files go. It has no answer; what goes wrong is told by Failed all the
	// same. BEFORE: Committed, or DecisionRead that names the epoch.
	Publish
	// Restore halts the tasks, drops all state that was not published, brings committed state to the decision
	// record's checkpoint, and puts the sources at its offsets. BEFORE: the decision is known (DecisionRead, or
	// Aborted: then it is still the last one) and every decided epoch is published. If the checkpoint is not in the
	// store, another owner may have gone on and let it go: that is Abortable, and the decision is read again; it is
	// Fatal only if the record, read afresh, still names it.
	Restore
	// Begin opens the epoch: starts its transaction and lets its outputs through to the producer; starts the tasks if
	// they were halted. BEFORE: Restored or Committed of the epoch before.
	Begin
	// InjectBarrier sends the barrier of the epoch into every source partition. BEFORE: Began of that epoch.
	InjectBarrier
	// Flush waits until every output of the epoch is acknowledged. BEFORE: Aligned.
	Flush
	// Store writes the epoch's delta and manifest to the checkpoint store, durably. BEFORE: Aligned.
	Store
	// SendOffsets adds the offsets of every owned partition, with the checkpoint id, to the transaction (exactly once
	// only), or records of them to its cluster's topic of decisions. BEFORE: Aligned. It decides nothing by itself, so it may run beside Flush and Store.
	SendOffsets
	// Commit commits the transaction: the decision (at least once: commits the offsets, with the checkpoint id).
	// BEFORE: Flushed, Stored and, exactly once, OffsetsSent.
	Commit
	// Abort halts the tasks and aborts the transaction (at least once: only halts the tasks). BEFORE: nothing of the
	// epoch is under way to Kafka any more: every Flush, SendOffsets and Commit has been answered.
	Abort
	// Release halts the tasks, drops what they did after the last decided epoch, and gives the revoked or lost
	// partitions back. BEFORE: the epoch is committed and published, or aborted, or left in doubt to the next Fence.
	Release
	// Stop ends the instance; Effect.Reason says why. BEFORE: as Release. Nothing follows.
	Stop
)

// Reason says why the instance stops.
type Reason uint8

// The reasons of Stop.
const (
	// ReasonShutdown: it was asked to, and everything processed is committed or forgotten.
	ReasonShutdown Reason = iota + 1
	// ReasonRival: another process uses our transactional id.
	ReasonRival
	// ReasonFatal: a failure with cause Fatal.
	ReasonFatal
)

// Effect is one thing to do.
type Effect struct {
	Op     Op
	Epoch  Epoch  // of the effects that belong to an epoch
	Reason Reason // of Stop
}
