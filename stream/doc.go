// Package stream is the public API: jobs as typed dataflow graphs, and the plan that the runtime executes.
//
//	job := stream.NewJob("wordcount")
//	lines := stream.From(job, stream.Topics("text"), stream.Values(state.String{}))
//	words := stream.FlatMap(lines, splitWords)
//	byWord := stream.KeyBy(words, func(word string) string { return word })
//	counts := stream.Count(byWord, stream.UID("count_words"))
//	stream.To(counts, "word-counts", writeCount)
//
// # Operators
//
//	From            topics into a stream, by a decode function (Values, Pairs, Raw or one's own)
//	Map, TryMap     one record for each
//	Filter          some of them
//	FlatMap, TryFlatMap  any number for each
//	KeyBy, KeyByCodec    records of a key together: a Keyed stream
//	Reduce, Sum, Count   a running value per key, each change emitted
//	Process         a function with states and the record's key, timestamp and clock
//	To              into a topic, by an encode function (AsValue, AsPair, AsRecord or one's own)
//
// A stream may have several consumers; each gets every record. The functions of the package take any Stream; those that
// keep state take a Keyed one. The Try… forms take functions that return an error. Nothing is run while a job is built: mistakes
// are gathered, and Job.Plan reports them all with the operators that have them.
//
// # What functions may do
//
// Functions of a job run in many tasks at once and must share nothing that changes. What has to be remembered belongs into
// the state of a Process, whose function is made anew for each task. A record may be processed again after a failure, so that effects
// outside of streams and states can repeat. An error or a panic abandons the work since the last commit; it is
// reported with the operator's uid and, up to the first KeyBy, the record's topic, partition and offset
// (operators.RecordError), and never ends the process by itself.
//
// # Time, keys, order
//
// A record's timestamp goes with everything that is made of it, up to the output record, which a sink's function may change.
// Records of a partition keep their order up to a KeyBy, and from there on those of a key that came from the same partition.
// Reduce, Sum, Count and Process give streams that are still keyed by the same key: the next of them needs no KeyBy and no
// exchange. Map, Filter and FlatMap may change whatever the key was made of, so theirs are plain streams again.
//
// # UIDs
//
// State, and with it the job's results, are found again by the uid of the operator and the name of the state. An operator that keeps
// state has to have a uid, which may not change as long as its state matters; others do well to have one, since errors, logs
// and metrics show it.
//
// # Plans
//
// Plan cuts the graph at its exchanges: a Stage is what runs in one goroutine without one. Codecs and kinds of states become
// known before any task runs, because open functions are called once for the plan (Process).
//
// Rejected: methods instead of functions (Go's methods have no type parameters of their own, so that Map could not change the
// type); reading struct tags or names for uids (renaming would lose state); keeping a stream keyed through Map on the user's
// word (a wrong word would break order and state silently).
package stream
