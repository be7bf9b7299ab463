// Package savepoint is the state processor: it reads the state in savepoints, changes it, and makes it from nothing, without the job's
// code, without a broker, and without a cluster. docs/state-tools.md shows the same on the command line (processor state).
//
//	sp, err := savepoint.Load(ctx, "file:///var/lib/weir/checkpoints/classify/savepoint/before")
//	for kv, err := range savepoint.ReadValues(ctx, sp, "classify_data", "thresholdState", state.String{}, state.Int64{}) { … }
//
//	edit := sp.Edit().
//		WithoutOperator("old_join").
//		RenameUID("classify", "classify_data").
//		WithOperator("classify_data", savepoint.Process(state.String{}, limits, setThreshold))
//	header, err := edit.Write(ctx, "file:///var/lib/weir/checkpoints/classify/savepoint/with-limits", savepoint.Options{})
//
// The job starts from the new one with WEIR_RESTORE_FROM.
//
// # Reading
//
// A savepoint says of each state what kind it is and which codecs wrote it (Header, State). Typed readers (ReadValues, ReadLists, ReadMap, ReadTimers, ReadBroadcast, Get)
// take the codecs that the job uses, and refuse others. Entries gives what stands there, encoded, for tools; package rows makes JSON, CSV and Parquet of it, package statesql
// tables of SQL. Every byte that is read is verified, and damage ends the reading with an error that names the file.
//
// A store that is encrypted needs Unpack with its key; what an Edit makes of a savepoint from there is encrypted with it, too.
//
// # Changing
//
// An Edit is a plan: nothing happens before Write, which always makes a new savepoint and leaves the old one alone. What is removed or renamed is so in the
// old one; what is added is laid over the rest. State is added in one of three ways:
//
//   - Process runs records through a function as stream.Process does in the job, with values, lists, maps, timers. WithJob runs them through any operators of a job,
//     windows too; Transform calls a function for each key that there is. All go on from the state that the savepoint has.
//   - With takes a function that puts encoded values: for tools, and for input that is larger than memory.
//
// # State is per key
//
// A value state has a value for each key, and a function sees the one of the record at work: that is the trap of bootstrapping a threshold under the key "global", and waiting for events with
// other keys to find it. What is to hold for all keys belongs into broadcast state, or under each key.
//
// # What must hold
//
//   - A savepoint exists whole or not at all. A Write that fails removes what it has written; one that is killed leaves files that nobody takes for a savepoint.
//   - Memory is bounded by Options.Memory, but for the elements of a single list, which are together in memory as they are in the job, and timers that Process
//     sets, which are so, too. What is added is sorted in runs on disk and merged with the old savepoint, which is only streamed.
//   - Work with an Options.WorkDir can be resumed: sorted runs are noted with the place in the input that they reach to (Writer.Mark). Only what was not noted is
//     done again; a run that was damaged meanwhile is found. Process, Transform and WithJob begin anew, and merging, too.
//   - Ids of states that stay are kept; new states get new ones.
//
// # Time
//
// During a bootstrap event time stands still and no timer fires: they do when the job runs. Processing time is the machine's.
//
// A value that is set from outside loses the stamp of its TTL: its life begins when the job first meets it. One that a function sets has one, as in the job; but not in event time, which
// records of Process and Transform don't have: their timestamp is 0, and so is that of records for WithJob that are given none.
//
// # Rejected
//
//   - Changing a savepoint in place: whoever starts from it would have to trust that nobody does.
//   - A temporary database for everything: loading 100 GB into it, and reading them again, is what sorted runs avoid. Functions do need one, to read what they wrote.
//   - Reading functions per key over all states of an operator, as Flink's have: entries of a key stand state by state, so that takes the database, too; Transform is that.
package savepoint
