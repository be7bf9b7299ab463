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
//	From            topics, by name (Topics) or Pattern, into a stream, by a decode function (Values, Pairs, Raw or one's own)
//	Map, TryMap     one record for each
//	Filter          some of them
//	FlatMap, TryFlatMap   any number for each
//	Split           the same with side outputs
//	Async           one for each, by a function that waits for somebody else: many calls at once
//	KeyBy, KeyByCodec   records of a key together: a Keyed stream
//	Union           several streams as one
//	Reduce, Sum, Count, Min, Max, Aggregate   a running value per key, emitted after each record
//	WindowReduce, WindowAggregate   the same for windows: Tumbling, Sliding, Session, CountWindows
//	Process         a function with states (ValueState, ListState, MapState, ReducingState, AggregatingState), timers (OnTimer), side
//	                outputs (NewTag, SideOutput), and the record's key, timestamp and clock
//	WindowJoin, IntervalJoin   pairs of two keyed streams, by windows or by the distance of their times
//	Table, AsTable   a table: of topics, or of any keyed stream
//	JoinTable, JoinTables   a lookup in a table for each record; a table made of two
//	Broadcast, ProcessBroadcast   Process with rules that every task has all of
//	Side            a side output of Process or Split, or the late records of a window (LateTo) or join (LateLeft, LateRight)
//	To              into a topic, by an encode function (AsValue, AsPair, AsRecord, AsChange or one's own)
//	ToTopics, ToAny into the topic that the encode function names: one of several, or any that exists
//
// Options say more about one operator:
//
//	UID             its name for good, without which there is no state
//	OnError         what becomes of a record that its function fails on: Fail, Skip or DeadLetter
//	Through         of KeyBy and Broadcast: the codec by which records get to another process (WEIR_EXCHANGE=kafka)
//	StartAt, Bounded   of sources: where reading begins (Earliest, Latest, Committed, Timestamp, Offsets), and that it ends
//	ReadFirst       of sources: the others wait at the start until it has been read
//	TimestampOf, Watermarks, IdleAfter, AlignWatermarks   of sources: event time
//	LateTo, LateLeft, LateRight   of windows and joins: side outputs for what comes too late
//	TableTTL        of JoinTable: how long rows live
//	Concurrency, Timeout, Retry, Unordered   of Async
//	PartitionBy     of sinks: the partition of a record
//
// ParseStart and PatternOf read Start and Pattern as settings give them.
//
// The folder examples of the module has whole programs to copy: enrichment, sessions, dedup, fraud and topn.
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
// reported with the operator's uid and the topic, partition and offset of the source record that the failing one was made of
// (operators.RecordError), or the time of the timer, whose key the error has for who asks and does not show. It never ends the process by itself, but a record or timer that fails again and again does.
//
// # Bad records
//
// OnError lets an operator go on without a record that its function fails on: Skip counts it, DeadLetter writes the source record as it was read
// to a topic, with headers that say what happened and where, in the same transaction as all other outputs. What the function has emitted for the record is then
// dropped, and functions that fold records into state (Reduce, Aggregate, windows) have changed a copy: it is as if the record had never come. Only what a function of Process has
// done to state itself can't be taken back: one that has changed it before it failed still fails the epoch, so check a record before the first
// change. What fails at a timer, or at the end of a window, has no record to let go: Skip drops what this one call would have emitted, DeadLetter fails
// the epoch.
//
// # Event time and processing time
//
// Processing time is the machine's clock. Event time is what records say: their Kafka timestamps, or what TimestampOf takes from them. How
// far it has come is a watermark: at watermark w no record with a timestamp of w or less is expected any more, and one that comes all
// the same is late. A source makes watermarks for each of its partitions if it is told by how much records may be out of order
// (Watermarks); an operator goes by the least of all partitions that its records can come from, and of those that records of the same Stage come
// from. A source without watermarks is not waited for. A partition without records holds
// event time back until it counts as idle (IdleAfter; choose more than any pause that a slow job makes in reading). Event time is part of
// each checkpoint: after a restart it goes on where it was.
//
// A timer for time t fires when the clock shows t, or when the watermark is t or more; in event time all that are due fire before the next
// record. It is set once for each key, domain and time, is state like any other, and fires once: late, if it fell due while nothing ran. Which of a key's
// timers for the same time comes first is not defined.
//
// # Where reading begins and ends
//
// A new job reads its topics from their beginning; StartAt chooses another (Latest, Timestamp, Offsets, Committed), source by source. A source that is
// Bounded ends where its partitions end when the job is first started. When all sources have, all windows and timers fire, of both times, and the job ends: event time comes to its
// end; those that wait for the clock fire once, each with its own time for the time, and what is set meanwhile for the clock stays in the state. A function that sets a next timer of event time for
// ever fails then; it has to stop when Watermark is math.MaxInt64. A drained stop (processor savepoint create --stop --drain) fires the same. Both choices are committed before the first record
// is read. Topics and partitions that come later are found while the job runs and read from their beginning, except by bounded sources.
//
// AlignWatermarks keeps partitions that are ahead in event time from filling the state while the job catches up: use it with IdleAfter, or a partition
// that nobody writes to holds up the others. It holds over all instances of a job, a second and a checkpoint interval later.
//
// # Windows
//
// A record belongs to the windows of its event time, or of the time at which it is processed. It is folded into each at once; a window keeps
// the accumulation only. At its end (the watermark has passed its last millisecond, or the clock its end) a window emits a Pane, whose timestamp is that
// last millisecond, and is forgotten; with AllowLateness it is kept, and emits again for each late record. A record that comes too late for all
// of its windows goes to LateTo, or is dropped. Sessions that touch are merged, also by a late record. Early emits what there is in
// between. By the machine's clock a window that has emitted can come again if the clock is set back. Where a topic would refuse the timestamp of a result that comes
// long before its window's end, early or by a drain, the sink writes the present instead (Output).
//
// # Joins
//
//	                inner left outer   emits                                        keeps
//	WindowJoin        x    x    x      the pairs of a window, at its end            records, until their last window is over
//	IntervalJoin      x                a pair, when its second record comes         records, until no partner can come any more
//	JoinTable         x    x           for each record of the stream                the table
//	JoinTables        x    x    x      each change of the joined table              both tables
//
// Both inputs are keyed streams with keys of the same type and codec, which Plan checks. The joined stream is keyed by the same key again, so that joins of
// three and more streams need no further KeyBy; a stream may be joined with itself. InnerJoin, LeftJoin and OuterJoin say what is made of a pair, and of
// what has no partner. An interval join is inner only: that a record has no partner is known when it is late already; a stream and a table have no outer
// join, since a change of the table emits nothing.
//
// A table is a keyed stream of Changes: rows that are set or deleted, as the records of a compacted topic are with null for a deletion. JoinTables
// emits such changes, so that its result is a table too, which AsChange writes to a compacted topic; a row is deleted there when the join has it no more.
//
// Records of a key from the same partition keep their order in a join. Between its two inputs there is no order: a lookup sees the table as far as it has been
// read. What windows and intervals emit does not depend on it. ReadFirst lets the stream wait, at each start, until
// what is in the table's topics has been taken in; with WEIR_EXCHANGE=kafka that is until it is on its way, so a lookup can still come before it.
//
// # Broadcast state
//
// The records of a Broadcast go to all tasks of a ProcessBroadcast, whose second function keeps what they say in a BroadcastState: a map that the function for keyed
// records, and its timers, only read. Every task has all of it in memory and changes it in the same way. A checkpoint has a copy for each key group, so that it is
// there under any parallelism: so an update costs as many entries as there are key groups, 128 by default. That is for rules and settings, for thousands of entries of
// some hundred bytes; what is larger or changes all the time is better keyed, as a table. With WEIR_EXCHANGE=kafka a Broadcast needs a uid and a codec (Through) as a KeyBy does, and
// writes each record to every partition of its topic.
//
// # Timestamps, keys, order
//
// A record's timestamp goes with everything that is made of it, up to the output record, which a sink's function may change. An output record without a
// timestamp (0, or Kafka's -1) gets the client's current time; one before 1970 is an error, as in Java's client. A sink puts a record with a key into the
// partition that Java's client would choose (murmur2), so that co-partitioning holds, unless the function names one or PartitionBy chooses;
// one without a key goes to any, several in a row to the same (sticky).
// Records of a partition keep their order up to a KeyBy, and from there on those of a key that came from the same partition.
// What a timer emits has the timer's time as its timestamp.
// Reduce, Sum, Count, Min, Max, Aggregate, windows, joins and Process give streams that are still keyed by the same key: the next of them needs no KeyBy and no
// exchange. Map, Filter, FlatMap, Union and Side may change whatever the key was made of, so theirs are plain streams again.
//
// # Asynchronous calls
//
// Async keeps the task at work while calls wait for their answers. Nothing is under way at a checkpoint: a barrier waits for the calls of the
// records before it, so recovery makes all later ones again, from the source. That is what a barrier costs: up to Timeout × attempts,
// and the pauses between these, for each Async on the way, while the transaction is open. Plan.Wait says how long that can be, and the
// runtime refuses a job that cannot keep to its transaction timeout. Choose a timeout well below the checkpoint interval where you can.
// Event time does not overtake a record under way, and does not wait for others: it goes as far as it had come before the oldest of
// them. Calls at once are bounded for each task; when all are taken, input waits.
//
// # Through Kafka
//
// With WEIR_EXCHANGE=kafka the records of a KeyBy cross in a repartition topic: it needs a uid, and Through with a codec of its records unless they are strings,
// []byte, int64 or float64. Results are those of the exchange in memory, except at least once: a record may then be repeated in the topic after a
// failure, and operators behind it take the repeat for another record. Order holds for records of a key that came through the same partitions.
//
// # UIDs
//
// State, and with it the job's results, are found again by the uid of the operator and the name of the state. An operator that keeps
// state has to have a uid, which may not change as long as its state matters; others do well to have one, since errors, logs
// and metrics show it. A state whose codec has to change is carried over by a savepoint: Migrate converts its values when the job starts from one. So is one of JSON whose
// fields are called otherwise or are of another kind; others may come and go (package state/schema).
//
// # Plans
//
// Job.Describe shows the graph with its states, settings, stages and exchanges, and so does `processor graph`.
// Plan cuts the graph at its exchanges: a Stage is what runs in one goroutine without one. The KeyBys and Broadcasts of a join share one. Codecs and kinds of states become
// known before any task runs, because open functions are called once for the plan (Process).
//
// Rejected: methods instead of functions (Go's methods have no type parameters of their own, so that Map could not change the
// type); reading struct tags or names for uids (renaming would lose state); keeping a stream keyed through Map on the user's
// word (a wrong word would break order and state silently).
package stream
