// Package memtxn is a driver of package txn whose cluster is a value in this process: a small, faithful Kafka for tests. It
// passes the conformance suite in txntest.
//
// # What it has
//
// Topics with partitions, record headers and timestamps; transactions whose markers take offsets, read up to the last
// stable offset; transactional ids with epochs, fencing by Init and expiry; groups with generations, range assignment,
// static members and their takeover, revocation inside Poll; committed offsets with metadata, held back while their
// transaction is pending; the classes of errors that the other drivers report.
//
// # What it leaves out
//
// There is no network and no broker that could be down, so no call is retried and no outcome is unknown, unless a test puts such
// an error in its way. A record is in the log when Produce returns, and Flush has nothing to do. Retention, compaction, quotas,
// permissions and the limits of a queue do not exist, and a topic's properties have no effect; records leave the log by DeleteBefore
// and Admin.DeleteRecords alone. Topics are made by CreateTopic and Admin.CreateTopics, and grow by AddPartitions.
//
// # Time
//
// A Cluster has no goroutine and no timer of its own. What depends on time (a transaction that is too old, a member whose process
// was killed) is looked at whenever somebody calls, by the clock of package time: in a bubble of testing/synctest that is the
// bubble's clock, and a Poll that finds nothing costs no real time.
//
// # A process that dies
//
// [Client.Kill] is the death of the process that uses the client: none of its later calls has an effect, nothing is given back in
// good order, and the cluster lives on. Its group membership lasts until the session timeout or a takeover; its transaction until
// it expires or is fenced.
package memtxn
