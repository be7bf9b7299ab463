// Package checkpoint keeps what a job needs to go on: the changes of each epoch (deltas), base snapshots, and manifests that tie state to
// source positions, in a store; the recovery plan that a decision record leads to; garbage collection; and the alignment of barriers.
//
// # Files
//
// A Repository is the folder of one job, or of one shard of a job, in a Store. docs/format.md describes every byte.
//
//	<job>/manifest/<id>              what checkpoint <id> is; holds its delta too, if that is small
//	<job>/delta/<id>                 what epoch <id> changed, sorted
//	<job>/base/<run>-<seq>-<part>    of a base: full state at some checkpoint, sorted, in files of about 64 MiB; or what changed since, sorted
//	<job>/latest                     a note of the last commit, for people and tools
//	<job>/shard/<shard>/…            the same four of one shard (Options.Shard)
//	<job>/instances/<instance id>    what an instance says of itself (Register)
//	<job>/hold/<name>-<run>          somebody reads: no collector may delete (Repository.Hold)
//
// # Invariants
//
//  1. A file exists whole or not at all (Store.Put), and a manifest exists only if its delta does: Prepare writes it last.
//  2. A name is written at most once, ever. It has the run in it, a run never uses an epoch number or a base's number twice, and
//     two runs never share a name. So nobody changes a file of anybody else. The exception is latest, on which nothing relies.
//  3. A prepared checkpoint means nothing. It becomes the truth when Kafka commits offsets whose metadata names it
//     (Metadata), and stays a file of no importance if that never happens.
//  4. state(N) = the base at Base.At, and over it the deltas of the chain N, Parent(N), … back to, but without, Base.At.
//     Without a base the chain goes back to the first checkpoint. A base is a snapshot, of Base.At or of an earlier checkpoint, and over it its
//     changes, which are what the deltas from there up to Base.At have said.
//  5. A restore yields exactly state(N), or an error that names the file. Every byte is under a checksum that is bound to its place and, through
//     the manifest, to its file. No other checkpoint is ever used instead.
//  6. No file is deleted that a restore of a checkpoint reads that is, or may yet become, the decided one, or is retained: one of the last few decided
//     ones (Collect's retain). A file that several of them need is there once.
//
// # A crash, and what is found afterwards
//
//	crash                                found                            what happens
//	while the delta is written           a temporary file, or a delta     no manifest: garbage
//	after the delta, before the          a delta                          garbage; the transaction is aborted by
//	  manifest                                                            the successor's fencing
//	after the manifest, before the       a prepared checkpoint            the decision record names the parent:
//	  decision                                                            ignored, garbage
//	after the decision, before the       a decided checkpoint that local  Plan replays its delta over the local marker
//	  local backend has it                 state lags behind
//	while a base is written              some of its files                no manifest names them: garbage
//	after the base, before a manifest    all of its files                 likewise
//	  that names it is decided
//	while garbage is collected           some of it                       collected by the successor (Observe)
//	of the machine, at any of these      as above: Put is durable when    a Delete may be undone: garbage again
//	                                       it returns
//
// # Why a collector can't delete a successor's file
//
// A run can be frozen at any moment, declared dead, replaced, and thaw in the middle of anything, a Delete included. Let Z be such a run, D
// the checkpoint of Z that Z knows to be decided, and S any run that has fenced Z. S fences, then reads the decision record stably,
// and only then writes to the store; so what S finds decided is D or a checkpoint that Z prepared after D. Z deletes two kinds of files:
//
//   - Its own: files of its checkpoints before D, and of its bases, that are not reachable from D nor from anything it prepared
//     after D. S starts from D or one of those, reads what is reachable from it, and from then on names these files and
//     its own, never another one of Z's. So what Z deletes is nothing that S, or S's successors, can need.
//   - Those of other runs, that Observe has listed, that are not reachable from D or later, and only if D was prepared after the
//     listing had ended. Then D was decided after the listing; a run that has fenced Z can't have done so before D's decision
//     (the fence would have stopped it: KIP-98 for transactions, the group's generation for plain offset commits), so S wrote nothing
//     before the listing had ended: no file listed is S's. It is of a run before Z, which Z itself has fenced, so no decision can name it
//     any more, except through D's chain, which is kept.
//
// A base may name files of an older one (Fold). It can take the place of that very base only (Prepare refuses it under a parent with another one), so whatever it names is
// its own or its parent's, which is kept: a file that was let go is never named again, and what S names is still what it read and what it wrote.
//
// With more than one checkpoint retained, read "reachable from D" as "reachable from one of the last n decided, D being the newest". Later decisions only
// let go of the oldest: the last n of any later checkpoint are among those of D and what is prepared after D. So it holds for S as for Z, if S retains no
// more than Z did; with more, S finds the oldest of Z's gone and goes without.
//
// Ages and clocks appear nowhere in this (but see Readers below). Files whose names are not of the forms above are never touched. What a zombie writes after the
// last Observe stays until the next one. Two tests check the argument: all interleavings in which one run freezes and thaws once at any step, and
// random ones of four runs, each Delete being one step a name; two more do so for readers (below).
//
// The argument needs that all runs that use a folder fence each other: rule two would take a living neighbour for a dead predecessor.
// So instances that work at the same time have folders of their own.
//
// # Shards
//
// With exchange kafka the state of a job is cut into shards: shard i is a range of key groups, those of partition i of all its repartition
// topics. A shard is what moves between instances, with a folder, a chain of checkpoints and a decision record of its own: the metadata of
// the offsets of its partitions. All that is said above holds within its folder, if those who use it see to this:
//
//   - Whoever takes a shard opens a Repository with a new run, even if the process had that shard before. A run is one tenure: what is left of
//     the last one, such as a base half written or a collection under way, is a zombie's to the owners after it.
//   - Each decision for the shard is sent with the group's membership as of the assignment that gave the shard, and with the offsets of all its
//     partitions. The fence is then the assignment of the successor: the group's coordinator refuses offsets of an earlier generation, or of a
//     static member whose name was taken over (KIP-447, KIP-345).
//   - The successor then reads the shard's decision record stably, before it writes anything. What a predecessor had sent before the
//     fence is waited for, until it is decided or aborted; nothing comes after it.
//   - Who does not own a shard only reads its folder, and may find a file gone at any time. One exception: the first checkpoint of a job that starts from a savepoint is written
//     to the folders of all shards by one instance, under a run of its own, before the first decision of any. Their owners write nothing before that decision, so none of them
//     has prepared a checkpoint that could confirm a listing of these files as dead; and each starts from it, so it keeps them.
//
// Collectors know the names of one folder only: neither the job's folder nor a shard's contains files of another shard, or of an
// instance, that they would recognise.
//
// # Readers
//
// A reader of a job's folders, who copies its checkpoints into a savepoint for example, owns nothing there and fences nobody. It puts a hold, reads the decision
// record, and copies what that names. A collector lists the holds between learning what is decided and deleting, and deletes nothing if there is one. If
// it found none, the hold came after the listing, and the record was read after that: the checkpoint read is the D of the argument above or one decided after D.
// So nothing in the batch under way, which may take for ever, belongs to it.
//
// A hold lapses for a collector that has seen it unchanged for ten minutes. This is the one place with a clock, of one process, and
// all that hangs on it is whether a reader that was frozen for so long has to begin anew: what it reads is verified, so it finds a file missing, and none that is wrong.
//
// # Cost
//
// A checkpoint with a delta of up to Options.InlineLimit is one file: one sync of it, one of its folder. A larger one is two.
// Collect lists nothing but holds, and only if there is something to delete: what the run wrote itself it remembers. Deletes come in batches, when a base lets
// its deltas go.
//
// What a base costs follows what was changed, not what there is. As long as that is less than the snapshot, deltas are folded (Fold): when there are 32 MiB of them, or 500
// (BasePolicy), they become one file of changes in which each key is once, and the snapshot stays. With d the bytes of the deltas, and f ≤ d those of the folds, these are merged
// only sixteen at a time and when that doubles the file, so log2(f / 512 MiB) times each at most; and a snapshot follows at the earliest when changes as large as it have piled
// up. All in all d + f·(1 + log2 …) + about f are written: up to 4 d if 10 KB here and there change all over 1 GB and no key comes twice, and little more than d if the same
// keys change again and again, whatever the size of the state. A restore reads the snapshot and as much again at most. Changes hash to all key groups, so
// parts of a snapshot that nothing touches are rare, and all of it is written, if it is.
//
// A snapshot is written as one scan, or several side by side, and read with the next files being fetched, 64 MiB in all at most for the process: what a store gives on one
// connection is not all it gives.
//
// # Rejected
//
//   - An age below which nothing is deleted: a clock is no proof, and a zombie can be frozen for longer than any age.
//   - Overwriting a "current" pointer as the commit point: the store can't be committed together with the transaction.
//   - One folder for all shards, with the shard in the names: a listing would be of everybody's files, and one wrong prefix a neighbour's end.
//   - Names without the run: the zombie's epoch 43 would overwrite its successor's.
//   - Falling back to the last checkpoint that can be read: it would repeat or lose records silently.
//   - Snapshots whose untouched parts stay: keys are spread over the key groups by their hash, so ten thousand hot keys touch each part of 64 MiB of 50 GB.
//   - Folding by bytes alone: with an interval of 20 ms a thousand deltas are small, and still a thousand files to be read, one after the other.
//   - A list of all deltas in each manifest: it saves reads at recovery, and makes every commit pay for them. A walk costs one small read
//     for each checkpoint since the base, at most 500 with the default policy.
//   - Compressed keys or blocks: overlays are small and hot, disks are fast; it can come with a new format.
//   - Writing a delta straight to its name and trusting the checksum to tell a torn one: then a listing shows files that don't
//     exist, and stores without rename could not be told apart from those that have it.
package checkpoint
