// Package operators is what runs in tasks: the operators of package stream as functions that push one typed record to the
// next, in chains with batches at both ends.
//
//	txn.Batch → Source → Push → … → Sink → []txn.Record → Env.Produce
//	                            └→ Exchange.Send → Batch → Env.Send ⇢ Exchange.Receive → Push → …
//
// A chain is built from its end: each constructor takes the Task and the next Push and returns its own. Pushing is a plain
// call, so that a record has been through the chain when Push returns, and what belongs to it beside its value (timestamp, key, position)
// can stand in the Task instead of travelling along.
//
// # Invariants
//
//   - A chain and its Task belong to one goroutine. Only an Exchange is shared by tasks: its fields don't change while they run.
//   - After an error a chain is not used again: its buffers hold records of the abandoned epoch. A new one begins empty.
//   - Nothing that a chain was given or has made outlives Chain.Drain and Chain.Flush in it: when a barrier passes, everything before it
//     has been sent or produced.
//   - A source batch is not referred to after Source has returned; keys, values and headers may be.
//   - A Batch belongs to the task that received it, which puts it back into the exchange's pool when it is done, emptied; one of a
//     BroadcastExchange belongs to nobody, and is only read.
//   - Memory of output records is never used twice: a client may read it until delivery.
//   - Key bytes and key group are computed once, by the sender, and are what state is kept under.
//
// # Time
//
// Operators that wait for a time register with their Task. A watermark goes down the chain operator by operator: each fires its timers
// before the next one hears of it, so what they emit is not late there. Firing stops after 512 timers, and the runtime comes back
// for more between messages (lag.go). A record that comes meanwhile would find timers that should be gone: those of its own key fire first.
//
// At the end of all input, or when the job is drained, all timers fire (end.go), operator after operator and both times together, so that what one emits is in time for
// the next. Rejected: to leave those of the clock, as Flink does, since windows by the clock would keep what nobody asks for any more; and to wait for them, which can take for ever.
//
// Tumbling and sliding windows are a map from window to accumulation, and a timer for the end of each with the window as its namespace (and
// one for the end of the allowed lateness). The sessions of a key are one value, a short list, since each record has to look at all of them. When sessions
// merge, timers of the old ones are deleted. Costs about 1 µs for each timer that fires, its state included.
//
// # Joins
//
// An operator with two inputs is two Pushes that share their state; the exchanges in front of it feed the same chain, whose goroutine takes
// turns between them. Window and interval joins keep records in a map from time to the records of that time, for each side: windows that overlap share
// them, sessions that are merged have nothing to move, and what is too old is a range. A window of a join is known by its timer alone (a session
// also by the list of open ones), so that adding a record writes that record only. For an interval join it is the watermark that cleans up: a record goes
// when no partner can come that would not be late. Its timers are rounded up to a sixteenth of the interval, since each takes memory.
//
// Before a join emits, it has read all partners: what comes behind may wait for a commit, and a backend that is being read must not.
//
// # Broadcast state
//
// A BroadcastExchange sends the same batch to all tasks, which therefore don't change it, nor what its records point to. While one of its records is
// at work the task's state has no key: keyed handles fail rather than give what belongs to the record before. Only a BroadcastContext, which functions
// for keyed records don't get, changes broadcast state; so tasks can't come to differ by it.
//
// # Asynchronous calls
//
// Async is the one operator that records wait in. Its calls run on goroutines of their own; all else happens on the task's: a result
// is put back in the place of its record (timestamp, position), and then pushed. A task that sleeps is woken up by Env.Wake and finds
// the result with NextTick and Tick. Event time stands still behind the oldest record under way: at what it had come to in front of the operator
// when that record came (holding). Nothing behind it in the same chain has timers or a key, since its stream is a plain one.
//
// Rejected: letting calls under way into the checkpoint, as Flink does. Their records would have to be kept, with a codec; replaying them from the
// source costs nothing. And a drain at each watermark, which come every 20 ms: no more than one round of calls would run at a time.
//
// # Failures
//
// An error of a function becomes a RecordError, once, where it happens: with the operator and the Origin of the record, which travels with it through
// exchanges, or the time of the timer (and its key, which the text leaves out); never with the record's data. Errors of the Env (work is abandoned) pass through
// unchanged. A panic is caught once per batch, not once per record, and put down to the operator whose function was running:
// each one notes its number in Task.op before it calls its function, and again when a function goes on after emitting.
//
// # Policies
//
// An operator with a policy stands under a Guard: its outputs are held back until its function has returned, and dropped if that has failed; what has
// changed state by then (state.Store.Touched) fails the epoch whatever the policy. So operators that keep state themselves call all functions for a record
// (First, Add and Merge of each of its windows, Result of what emits at once, the pairs of a join) before they change anything, and under a policy get copies
// of what functions may change in place (state.Value.LendCopies). Without a policy a record of several windows is kept window by window, which is faster.
//
// At a timer the guard stands around what is called for it: a function of OnTimer, the result of a window, each pair of a window join. So these are let go one by one, and
// the operator's own work at the end of a window stands. There is no source record then, and no dead letter: DeadLetter fails the epoch. Rejected:
// to take the record that happened to let the watermark pass, which has nothing to do with it; and to keep source records with what is buffered, for the sake of the few that fail.
//
// Source records travel through an exchange only if
// a dead letter may be written behind it. A dead letter is one more record in the out-buffer, so it shares the epoch's fate.
//
// What is too large for its topic, or too far from the present, the broker refuses when the epoch is committed, and doesn't say which record it was. So whoever
// writes asks beforehand what the topic takes (Env.Limits, room): it is a failure of the operator on the record then, under its policy.
//
// # Cost
//
// No operator allocates per record. Output keys and values come from arenas (Output.Buf), batches of exchanges
// from pools, and the out-buffer of a chain is one slice that is handed over every 512 records.
package operators
