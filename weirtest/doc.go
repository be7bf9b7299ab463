// Package weirtest tests jobs without a broker and without waiting: it runs them as production does, on a Kafka in memory and on
// a clock of its own.
//
//	func TestCounts(t *testing.T) {
//		h := weirtest.New(t, newJob)
//		h.Send("text", weirtest.Value("a b a"))
//		h.Commit()
//		got := h.Outputs("word-counts")
//		…
//	}
//
// What runs is the job's own graph in the real runtime, with its barriers, transactions and checkpoints. Only three things are
// replaced: the Kafka client (by package memtxn), the checkpoint store and the local state (both in memory).
//
// # A job and its processes
//
// A job is given as a function that builds it, and is built anew for every process, as it is when a program starts. A variable
// in that function is what a process forgets when it dies; one outside of it would survive, which nothing does in production.
//
// # Exactly once, proven
//
//	weirtest.CrashEverywhere(t, newJob, weirtest.On("text", weirtest.Values("a b a", "b")...))
//
// runs the job once without faults, and then once for each thing that can go wrong at each call that it made: the process dies before it or
// after it, with three fates of its local state, or the call returns an error, of each class. The committed outputs and
// the committed state must always be those of the first run.
//
// What follows from the test's input is what is proven: a function of the job that is not called by it is not tested. One fault happens
// in each run; two that come together, several instances and rebalances between them are beyond it.
//
// [StartFrom] lets the job start from a savepoint, such as one that [Harness.Savepoint] wrote; what the start consists of goes wrong then, too.
//
// [ThroughKafka] does the same with WEIR_EXCHANGE=kafka, where state is parted into shards and records cross in repartition topics.
//
// [Drain] stops the job with a drained savepoint at the end, so that what its timers and windows would do some day is compared too.
//
// # Time
//
// Everything happens in a bubble of testing/synctest, in which time passes only when nothing is left to do. [Harness.Advance] lets an hour
// pass in less than a second. Code of the job that waits for something outside of the bubble (a network, a file) makes real time
// pass, and its results may come out differently each time.
package weirtest
