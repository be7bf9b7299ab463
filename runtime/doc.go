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
//	pace       finds source partitions that are ahead in event time; the reader holds them back
//	inbox      bounded queues before a task; aligns barriers, combines watermarks, and is the backpressure
//	gate       says when the transaction of an epoch is open; until then tasks keep their outputs (ahead.go)
//	shard      what keeps a part of the job's state: a chain of checkpoints, a backend, a publisher (shard.go)
//	publisher  applies decided epochs to the state backend, several at once, and has bases made
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
//   - Where decision records are kept is known to nobody but decisions: the group's offsets, or a topic of the sinks' cluster if that is
//     another one (package commits). There all instances of the job share one transactional id, since that cluster checks no membership.
//
// # Running ahead
//
// A task that has passed barrier N works on in epoch N+1 while N is being committed. Its state goes to a fresh overlay; its
// outputs are kept in memory until N is decided, since a producer has one transaction at a time: 16 MiB of them, then the task waits. So a record waits for the
// sealing of state, and not for the store's or Kafka's answer. If N fails, overlay and outputs are thrown away.
//
// # Failures
//
// The first failure of a task, of Kafka or of the store gives the whole epoch up, and the protocol begins anew from the decision record. Restarts are
// paced by a policy (restart.go), a pure count of failures: without a wait after the first one, with growing ones later. Too many in a row end the
// instance, and so does one function that fails on one record or timer again and again, known by its operators.Culprit.
//
// # Time
//
// A task fires its timers on its own goroutine, between messages, so in the epoch that it is in: between the barriers that it has aligned.
// One that waits for records is woken up when the next timer is due; of many that are due at once some hundreds fire between two
// messages, and for 10 ms at most, so that a barrier does not wait for all. For the same reason a message has no more records than the task
// does in about that time, as far as it is known (portion.go), and the reader injects barriers between any two that it hands out. What a timer does is committed like what a record does: the first one of an epoch
// announces the epoch to the protocol (Processed). An epoch that is thrown away takes its firings back with its state, and they come again.
//
// Watermarks travel in the queues, behind the records that they follow. A source task sends its partition's on when it has come further, at
// once if nothing else waits, else every 20 ms; a task goes by the least of its inputs, leaving out idle ones, and sends that on behind what its timers
// have emitted. Of many timers that a watermark makes due some hundreds fire between two messages as well. Before a record is taken all of its own
// key's fire, so for a key the watermark comes in one step; nobody else hears of it before all have fired (operators/lag.go). A barrier
// in between leaves the rest in the state, and the watermark in the manifest: after a restart they are due again before any record of their keys.
//
// Records that wait for asynchronous calls hold event time back behind them, and a barrier waits for all of them (task_async.go). A result wakes
// its task up, which emits it between two messages.
//
// Each manifest holds the watermark of every partition and of every task. A restart, or an attempt after a failure, goes on from there: what
// was late stays late. With another parallelism a task begins with the least of those whose key groups it has. Whether a
// partition was idle is kept too.
//
// # Where reading begins and ends
//
// A decision says where each partition goes on. What it does not say (settle, in start.go) is chosen from the topics as they are: where a new
// job begins, and where bounded sources end. Such a choice is pinned: the first epoch of the attempt stands still, without any record, until it is
// committed with the choice in it. So no two starts that have processed anything began or end elsewhere. Partitions that are new to a job with
// a commit point begin at their earliest, whatever its sources say.
//
// The reader cuts batches at the ends, and knows by the consumer's position, which control records move too, when one is reached. It sends the end of time
// to that partition's task; a valve leaves ended inputs out until all have ended. After the last one the next barrier is the last: all timers of a task fire before it passes (ending.go). The
// manifest says Finished, and its commit shuts the instance down. A start that finds Finished in the decision has nothing to do.
//
// Of many instances one makes the choice for all, in the job's first commit point (beginning, in inherit.go); ends stand beside the offsets. There is no last barrier: a partition that has
// come to its end joins the drain called "input" (spread, in ending.go), and every instance looks for itself whether all have and nothing is on its way (finished.go).
//
// Discovery (discovery.go) compares topics and partitions with what is owned and subscribes anew if something is missing; everything else is the rebalance
// that follows. Alignment (pace.go) holds partitions back at the consumer, so that barriers and marks pass, and the slowest is never held; what
// other instances read it knows from their commits (pace_far.go).
//
// # Many instances
//
// With the exchange in memory there is one shard and it holds everything. With kafka each partition number of the repartition topics is a
// shard: the keyed tasks with that number. A shard is worked on by who owns its partitions, all of them (whole); its files are in a folder of its own.
//
//   - Beside the offset of each partition stands the checkpoint of its shard, in one transaction for all (offsets). An epoch writes checkpoints for
//     shards that it has changed, and names the old ones of the others (split).
//   - An epoch is published to the shards that still name it: after a rebalance another owner may have gone on (doPublish).
//   - A shard's backend is opened when it is needed first and stays open. It belongs to the attempt while the shard is ours, else to the standby (shard.use, ours).
//   - What this instance knows of a shard (registry, base, what to collect) is good as long as the named checkpoint is of this run, since nobody else has been at it then
//     (registries); else all of it is found anew (restore, baser.forget).
//   - Event time of a source partition stands beside its offset; that of a keyed task, and the marks of those who send to it, in the shard's manifest (remember.go,
//     senders.go). Marks are written at barriers, behind the records of the epoch, so that they are committed with them.
//   - Records of repartition topics are deleted below committed offsets only (purge); nothing waits for that.
//
// # Savepoints
//
// With the exchange in memory a savepoint is a snapshot of the backend, which holds committed epochs only, with what the manifest of its marker says
// (savepoint_take.go). It takes no part in the protocol: at most it asks for a barrier. One that the job stops for is taken when the work has ended, of the last
// commit, if the decision record agrees (savepoint_stop.go). Draining makes every source bounded where it stands, and leaves event time as it is. One that is made
// without a broker goes by the note of the last commit in the store, which lags while a job works and is brought up to date when it has stopped in good order (noteLast).
//
// With kafka it is a cut (cut.go): one stable reading of all decision records, which has whole transactions only. It can be used if nothing was in a repartition
// topic: if, asked afterwards, none holds a committed record at or behind its offset in the cut. To come by such a moment sources stand still, by a request in the
// store on which nothing but time depends (suspend.go). The checkpoints of the cut are copied from the store; a hold that was put before the cut was read keeps
// collectors from them. One that the job stops for is taken like that of a stopped job, when the group has no members left; they go when no cut has followed on the last for as long as an instance may
// take to hear of the request.
//
// A drain over all instances is the same with a name in the request. Source partitions, held, send their ends through the repartition topics; a task that has heard those of all its senders fires its
// timers and sends its own, in one epoch with the offset behind the last of them (task.endFor). The cut can be used if all source partitions have ended by this drain, too: nothing under way then
// means that all ends have arrived everywhere. Until the request lapses timers rest behind the end (resting). Nobody has to undo anything: ends of a drain that came to nothing
// have another name than those of the next, and a partition that has records again sends its end again.
//
// # Starting from a savepoint
//
// Before the decision is read, a job that is to start from a savepoint looks whether it has a commit point (beginning.run). If not, a checkpoint of every shard is written under
// a run of its own (founding), and one transaction commits the positions of all partitions of the job, whoever owns them, with the id of that checkpoint. All that follows
// is a restart from a commit point like any other. So a job has all of the savepoint or nothing of it, and no other part of the runtime knows that there are savepoints.
// With exchange kafka a job that is to start at the latest records begins in the same way, with no state: so one instance chooses for all.
//
//   - With exchange kafka the owner of the first repartition topic's partition 0 does it. A transaction of an owner of earlier is refused by its generation (KIP-447); nobody
//     else writes to the shards before there is a commit point, since all wait for it (beginning.leads). Instances that would begin with something else see each other in the register (checkAgreed).
//   - An assignment that goes away, or a shutdown, ends the loading at once; what it has written nobody names.
//   - Whatever has failed between the begin and the end of that transaction, the producer is not used again: Fence ends it, and the look begins anew (beginFailure).
//   - Repartition topics are read from their ends: what an earlier life of the job id has left there is not of the savepoint.
//   - Where nothing holds back event time any more, what was said last is in the first manifests (founding.inputs), and keyed tasks say theirs again (taskTime.unsaid).
//
// # Crash table
//
//	killed before the commit       the decision record is the old one; the prepared checkpoint is ignored and collected later
//	killed during the commit       the record says which; a pending transaction is ended by Fence before it is read
//	killed after it, two clusters  the same; the group's offsets are behind and decide nothing
//	killed after it, before Publish the record names a checkpoint that the backend lacks: its delta is replayed
//	killed while applying          the backend's marker is behind: the same
//	killed while starting from a   no decision record; files of a run that nobody names, collected later
//	  savepoint
//	killed while writing a base    no manifest names it; its files are collected later
//	killed while draining          what was committed has fired; the rest fires with the next drain, or in its time
//	killed while taking a          it has no header, so there is none; the name can be used again. Sources of other
//	  savepoint                    instances stand still, and collectors wait, until request and hold lapse
//
// # Rejected
//
//   - Restarting single tasks. A failure is rare and a new attempt takes milliseconds; one way back is one to get right.
//   - The client's own subscription by pattern: its regular expressions are others than Go's, it would read the job's own topics, and what it
//     finds is known only after the rebalance.
//   - Holding back batches in the reader instead of at the consumer: they would sit in memory, and with them the partition.
//   - Carrying records that are under way in a savepoint: it would tie the format to that of repartition topics, and the number of partitions to the old job's.
//   - A barrier over all instances for savepoints: it would be a second protocol; stable reading of one group's offsets is a consistent cut already.
//   - One channel per edge with select over them: the set of inputs that are held back changes with each barrier.
package runtime
