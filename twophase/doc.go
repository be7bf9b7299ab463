// Package twophase is the commit protocol of one instance as a pure, synchronous state machine: events in, effects out.
// It holds no client, clock, goroutine or I/O. Package runtime carries the effects out and reports what came of them.
//
// # The idea
//
// A checkpoint in a store and a transaction in Kafka cannot be committed at the same instant. So the Kafka transaction
// alone decides, and everything else is prepared before it and can be repeated after it:
//
//	epoch N    records are processed, outputs go into the open transaction, state into an overlay
//	barrier N  parts epoch N from epoch N+1 in every task
//	prepare    Store: delta and manifest N are durable          ⎫
//	           Flush: every output is acknowledged              ⎬ side by side
//	           SendOffsets: offsets, with checkpoint id N       ⎭ (exactly once)
//	commit     Commit: the transaction, or, at least once, the offsets with the checkpoint id: the decision
//	publish    Publish: apply delta N to committed state, at leisure
//
// The committed offsets with the checkpoint id in their metadata are the decision record. It says where state has to
// stand, and nothing else does: not what the store holds, not what is on local disk, not what an answer seemed to mean.
//
// The two phases of the name are prepare and commit. Chandy and Lamport's snapshots, in the form of Flink's asynchronous
// barrier snapshotting, cut the stream into epochs; KIP-98 gives the transaction and its fencing; KIP-447 lets it carry
// the consumer group's offsets and checks the group's generation.
//
// # Using a Machine
//
// One loop owns it. It calls [Machine.Step] for each [Event] and carries out the returned effects in order. Every effect
// but [Publish] and [Stop] gets exactly one answer: its own event, or [Failed]. The answer names the effect's epoch, if
// it has one. What must hold before and after each effect stands at its constant; what each cause of a failure promises,
// at [Cause]. Events in an order that makes no sense change nothing, so late answers need no filter.
//
// # What holds
//
//	(a) no output is lost: every input up to the committed offset has its output
//	(b) exactly once: it has it once, and nothing is visible before its offset is committed
//	(c) state = committed offsets: the decision record's checkpoint is in the store and is the state at its offset
//	(d) no progress without a decision record: what is not decided is never published and never a start
//	(e) no dead end: when faults cease, everything is committed
//
// TestExhaustive checks them in every reachable state of a small model of Kafka, store, crashes, frozen processes and
// rebalances; TestMutants breaks the protocol in each place and shows that it is noticed.
//
// How they come about:
//
//   - Commit is asked for only when Store, Flush and SendOffsets are answered (a, b, c).
//   - Publish follows Committed, or a record that names the epoch, and nothing else (d).
//   - After an unknown outcome the producer is replaced and the record read. A transaction request carries only the
//     producer's epoch, so a delayed one could end a later transaction of the same producer (KIP-890); after Fence it
//     cannot. This holds for a commit, an abort, offsets, and for outputs whose Flush is in doubt (b).
//   - Nothing of an abandoned epoch is under way when Abort, Fence or Release is asked for (a, b).
//   - An epoch number is never used again, so that what is late from an abandoned epoch, in the machine or in the store,
//     is known by its number (c).
//   - What a failed commit seemed to mean does not matter: whenever the producer is replaced with an epoch between
//     barrier and decision, that epoch is in doubt until the record is read. A client that retries EndTxn can be told
//     "fenced" although the first try was carried out.
//
// # What a crash leaves
//
// Recovery is the same after each: Fence, ReadDecision, Restore, Begin with the next number of a new run.
//
//	crash after              the broker has            the record names   recovery
//	Begin N, records         outputs, open             N-1                Fence aborts them; work from N-1 again
//	barrier N                outputs, open             N-1                as above
//	Stored N                 outputs, open             N-1                as above; checkpoint N is ignored garbage
//	Flushed N                outputs, open             N-1                as above
//	OffsetsSent N            outputs, offsets, open    N-1                as above; reads are stable, so they wait for Fence
//	Commit N sent            either                    N-1 or N           the record says which
//	Committed N              committed                 N                  Restore rolls forward: the delta is in the store
//	Publish N                committed                 N                  nothing to roll forward
//	Aborted N                aborted                   N-1                work from N-1 again
//	Released                 committed or aborted      N or another's     at Assigned: the record is read afresh
//
// At least once there is no transaction: outputs that were sent are visible and come again, everything else is the same.
//
// A process that freezes and thaws is a crash that does not know it. Its successor's Fence ends its transaction and
// fences its producer; if another instance took over, SendOffsets is refused for its generation. Checkpoint ids name the
// run, so that what it still stores is nobody else's. A fence that it causes itself by its own recovery looks like an
// expired transaction to the other side; the second fence without a commit between stops one of the two as a rival.
//
// # Two clusters
//
// With sinks on a cluster of their own, decision records are a topic there, produced in the transaction: SendOffsets then reaches no
// group, and no generation is checked. Both instances of the pair have one transactional id instead, so that Fence alone
// parts them. TestExhaustive searches that world, too (cast shared); TestMutants shows that with an id for each it would not hold
// ("offsets sent for a lost partition").
//
// # What was decided here
//
//   - At least once takes the same path through Fence and ReadDecision after an unknown commit. It is rare, and one path
//     is easier to trust than two. No transaction protects it from a delayed offset commit, so Fence has to (see there);
//     until a later epoch is decided, the checkpoint of an epoch in doubt must not be collected.
//   - Revoked with a clean open epoch aborts. An empty transaction needs no EndTxn, but the word of a first record may
//     be under way behind the revocation, and the producer must not be left inside a transaction.
//   - Revoked commits at most one more epoch: tasks run ahead behind the last barrier, and what they do there is dropped
//     at Release rather than followed by yet another barrier.
//   - A commit under way is awaited even when partitions are lost: its answer is the truth either way.
//   - A producer in doubt at Release is fenced at the next Assigned. Until then, or until the broker ends the
//     transaction for its age, the next owner's stable read may wait.
//   - Shutdown releases what is owned in every case, then stops. If the last commit's outcome is unknown it stops as
//     well: the next start reads the record. RevokeExpired is the deadline of a shutdown, too.
//   - Fatal aborts if that is possible and stops without Release. A Commit that failed fatally is not aborted: nothing
//     says that there is still something to abort.
//   - A failure of tasks that ran ahead gives up the undecided epoch, too: one path, and rare.
//   - A failed Restore reads the decision again. The search found why: an owner that is not yet told of its loss may want
//     a checkpoint that its successor has replaced and let go.
//   - The answer of InjectBarrier is not awaited before Abort: tasks that failed may never align. A late one is known by
//     its number.
//
// # What was rejected
//
//   - Checkpoint first, transaction resumed later (Flink's two-phase commit sink): a transaction that expires between the
//     two loses its output, and librdkafka cannot resume one.
//   - Prepared transactions (KIP-939): in no release.
//   - Guessing an unknown outcome by retrying or by time: neither answer is safe.
//   - A decision of our own in the store: two places can disagree.
//   - Stopping the process at each failure: abort is cheap, since nothing uncommitted ever reaches committed state.
//
// # Two epochs in flight
//
// Today epoch N+1 is processed but not begun while N is decided: Kafka allows a producer one transaction at a time. With
// two producers, N+1 could begin, and even prepare, before Committed N. All that is known about an epoch between barrier
// and decision is in one flight; a second in flight is an array of them, in order. Then barrierDue would inject while
// one is closing, prepared would ask for Commit N+1 only after Committed N, settle would abort the younger first, and
// failures without Event.Epoch would be ambiguous. The vocabulary would stay.
package twophase
