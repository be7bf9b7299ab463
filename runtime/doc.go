// Package runtime executes a job's plan in one process.
//
// # Who owns what
//
// One loop per instance (loop.go) owns the protocol machine of package twophase. It takes events from its box, steps the
// machine and carries out the effects (effects.go); what takes time runs on a goroutine of its own and answers with an event. The
// loop itself never waits for anything but its box.
//
//	reader     owns the Kafka consumer: polls, hands batches to source tasks, injects barriers between them,
//	           and sits inside the rebalance callbacks until the loop lets partitions go
//	attempt    the graph at work from one restore to the next: tasks, inboxes, uncommitted state
//	task       one operator chain, on one source partition or one range of key groups
//	inbox      bounded queues before a task; aligns barriers, and is the backpressure
//	gate       holds outputs back until the transaction of their epoch is open
//	publisher  applies decided epochs to the state backend, several at once, and has base snapshots written
//
// # What must hold
//
//   - Nothing but Publish writes to the state backend, and Publish follows a decision. So an abort has nothing to undo there: the
//     attempt is thrown away with its overlays, and a new one starts from what the backend holds.
//   - Every task of an attempt has ended before its transaction is aborted or its producer closed (attempt.halt), so no
//     output of an old attempt can get into a transaction of a new one.
//   - A new attempt is built only when every decided epoch is in the backend (publisher.drain).
//   - Positions in a decision record are those of the barrier: behind every record handed to a task before it. They come from the
//     records themselves, never from the client's own position.
//   - The membership that is sent with the offsets is the one captured with the assignment (KIP-447).
//
// # Running ahead
//
// A task that has passed barrier N works on in epoch N+1 while N is being committed. Its state goes to a fresh overlay; its
// outputs wait at the gate, since a producer has one transaction at a time. If N fails, both are thrown away.
//
// # Crash table
//
//	killed before the commit       the decision record is the old one; the prepared checkpoint is ignored and collected later
//	killed during the commit       the record says which; a pending transaction is ended by Fence before it is read
//	killed after it, before Publish the record names a checkpoint that the backend lacks: its delta is replayed
//	killed while applying          the backend's marker is behind: the same
//	killed while writing a base    no manifest names it; its files are collected later
//
// # Rejected
//
//   - Restarting single tasks. A failure is rare and a new attempt takes milliseconds; one way back is one to get right.
//   - One channel per edge with select over them: the set of inputs that are held back changes with each barrier.
package runtime
