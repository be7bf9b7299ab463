// Package confluent is the txn driver on confluent-kafka-go, that is on librdkafka 2.11.
//
// # Where the time goes
//
// The Go client makes several calls of C for each record, and each costs about as much as librdkafka's own work on
// it. So records cross in batches of up to 1,024 (batch.c, fetch.go, enqueue.go), by librdkafka's public C interface on the
// instance that the Go client made; everything else goes through the Go client. Its instance handle is unexported:
// handleOf reads it by reflection and fails with a clear error where a release keeps it elsewhere. Keys and
// values of neighbouring records share memory in chunks of 64 KiB, so whoever keeps one for long should copy it.
//
// BenchmarkCopy on two cores, real broker on the same machine, 100-byte records, commit each second: 1.05–1.2 M records/s
// and 1.0 CPU s/M here; the bare client with the same fetch settings 0.6 M and 2.0, with its own defaults 0.13 M and 2.1 (a full
// fetch queue makes it wait a second). 1.6 M records prefetched from 16 partitions keep the whole process at 110 MB.
//
// Without transactions every record has a delivery report, which passes through the Go client one by one.
//
// # What is respected
//
// Of librdkafka:
//   - It speaks the first transaction protocol only (KIP-98, not KIP-890's second): a transaction that the broker ended
//     for its age shows as _FENCED. A coordinator's CONCURRENT_TRANSACTIONS is retried after retry.backoff.ms (3 here; AddPartitionsToTxn:
//     20, fixed), one of InitProducerId after 500 ms, fixed.
//   - Init, commit and abort resume when called again after a retriable error; SendOffsets is repeated with the same
//     arguments. They get the transaction's timeout rather than the caller's: a short one would abort what is nearly done.
//   - A commit flushes by itself and fails if a delivery failed; an empty transaction commits without a request.
//   - It may report a commit as failed though the broker has carried it out, and flag it as abortable. So only what
//     is known to fail before EndTxn is ClassAbort for a commit; the rest is ClassUnknown.
//   - An abort while the first AddPartitionsToTxn is under way can be fatal: ClassNewProducer.
//   - A new assignment is a version barrier: nothing fetched before passes it. Seek therefore replaces the assignment.
//     A fetch that waits at the broker can't be called back, so fetch.wait.max.ms (100 here) is also how long the first record after a
//     Seek, or an answer of Ends, can take on an idle partition.
//   - A subscription to the topics that it has already makes it give everything back and join anew, which deals out new partitions.
//   - The end of a partition is told, behind control records too, only with enable.partition.eof; the offset is that of the read_committed end.
//   - It commits offsets (outside of transactions) as the member that it is at that time, not as the one that read
//     them. Consumer.Commit compares before and after, and holds off the next generation meanwhile.
//   - It never leaves the group for a static member (KIP-345): Admin.Leave asks with franz-go.
//   - A broker that restarts refuses leader epochs of the metadata cache, which is renewed every five minutes only unless
//     asked for: Ends does.
//   - A rebalance under way can make it lose the answer to the last acknowledgement of a closing consumer, which then hangs
//     the Go client's Close: consumer.leave closes by itself.
//   - A consumer with a fatal error (FENCED_INSTANCE_ID) can't be closed: the Go client would wait for ever. Close
//     leaves it behind, with its threads. The process should end.
//
// Of the Go client: an undrained Events channel blocks flush and commit; its two channels have a million slots unless
// sized down; Flush looks every 100 ms, so deliveries are counted here; the error of a rebalance callback is ignored.
//
// Of the broker: offset metadata has at most 4,096 characters; longer would be refused after every abort again, so the
// length is checked first. A record that is larger than message.max.bytes is ClassFatal for the same reason. The
// client's own limit is as large as its queue, though librdkafka's default is 1,000,000: brokers take 1,048,588, or what a topic says (Admin.Limits), and what was
// read has to be written. Batches of several records keep to librdkafka's batch.size.
//
// # Timing
//
// Sessions default to 45 s and heartbeats go out every second, which is how soon a member hears of a rebalance. The first Init of a
// process takes about 50 ms, and up to a second when it has to end a predecessor's transaction.
package confluent
