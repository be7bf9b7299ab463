// Package txn is what Weir knows of Kafka: a consumer that reads batches, a transactional producer, and one
// classification of what can go wrong. It imports no client: drivers do (package confluent), and package txntest
// holds them all to what is promised here.
//
// # What holds
//
//   - After Assigned no record of a partition comes out before Seek names it, and after Seek the first record is the one at
//     the position or, where offsets have a gap, the next. Nothing that was fetched before comes out after.
//   - A Batch holds records of one partition in the order of their offsets, which may have gaps: transaction markers
//     and compaction leave them.
//   - Partitions are shared out by range: of topics with equally many partitions each member gets the same ones, and each topic's in one run.
//     A topic that some broker has not heard of yet may be missing in everybody's assignment; then another follows at once.
//   - A partition with a long backlog does not starve the others: what comes to them waits for what the client reads ahead, a few
//     MB for each of those with a backlog.
//   - A GroupMetadata is the membership that goes with one Assigned. SendOffsets and Consumer.Commit with one that is
//     over are refused, whatever the consumer has become since (KIP-447).
//   - Init fences every older producer of the same transactional id and ends its transaction (KIP-98).
//   - Outputs and offsets of one transaction become visible together or not at all. Commit returns when that is
//     decided; readers see it moments later, when the markers are written. Committed waits for them, so nobody reads
//     a position that a decided transaction is about to replace.
//   - Every call that takes a context ends with it. What is left to itself then no longer counts: a producer answers
//     ClassNewProducer from there on.
//   - A position that the topic does not hold is an error of ClassFatal. It never silently becomes another.
//
// # Errors
//
// Every error is an *Error, whose Class says what has to follow:
//
//	class           what is known               what follows
//	ClassRetry      nothing happened            the same call again
//	ClassAbort      the call had no effect      Abort, Seek back, go on with the same producer
//	ClassNewProducer the call had no effect     Close, make a new producer, Init, Seek back
//	ClassFenced     we are not alone, or were   as for ClassUnknown; a second one straight after Init is a rival
//	                too slow
//	ClassUnknown    nobody knows                Close, make a new producer, Init, read the decision record
//	ClassFatal      no repetition helps         stop, and say why
//
// An error of ClassFenced from Commit leaves the outcome open as well: an attempt whose answer was lost may have been
// carried out before the fence.
//
// # Crashes
//
//	the process dies                     then
//	before SendOffsets                   the transaction is aborted by the successor's Init, or expires
//	between SendOffsets and EndTxn       the same; the committed position is the one before
//	EndTxn sent, not answered            decided by the coordinator: the successor's Init waits for the end (KIP-98), then
//	                                     Committed tells which
//	after the answer                     committed
//
// A transaction that nobody ends holds back every read_committed reader of its partitions until it expires
// (transaction.timeout.ms), which is why a stable instance's Init, which ends it at once, matters for latency too.
package txn
