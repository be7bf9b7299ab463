// Package state keeps the keyed state of a job: an overlay of decoded values per task over a backend that holds committed state
// only.
//
// # Layers
//
//	Value, List, Map,         typed handles: what an operator's code uses, for the key set by SetKey
//	Reducing, Aggregating
//	Timers                    a set of times per key, and the earliest of all keys
//	Broadcast                 a map without a key, which every task has all of
//	Store                     one task's overlay and cache: dirty values, sealed ones, and committed ones kept decoded
//	Entry                     one encoded write, in a delta and in a backend
//	Backend                   committed state of the instance: subpackages pebble (default) and memory
//
// A read goes to the overlay and, failing that, to the backend. A write goes to the overlay. At a barrier Seal encodes what changed,
// each key once however often it was written; the runtime stores these entries as the epoch's delta, and applies them to the backend
// after the decision that commits them. An abort costs nothing: the Store is dropped and a new one is made.
//
// # What must hold
//
//   - Only Apply and Load write to a backend, and only what is committed. So a query that reads the backend can't read dirty state.
//   - A cell of the overlay alone says what its key's value is. It may be evicted only when the backend would say the same: when it is
//     clean and the last Seal that wrote it is applied (Applied). This is why deltas may be applied late, by another goroutine and
//     several at a time (Merge).
//   - When a Store is made, the backend holds all that is committed. After an abort, sealed epochs that were committed and not yet
//     applied are to be applied first.
//   - Sealed entries share no memory with the Store: the task goes on while they are stored and committed.
//   - A Store and its handles belong to one goroutine. Only Applied may be called from others, after Apply has returned.
//   - Entries are sorted, each key once, so that deltas, snapshots and backends can be merged by reading.
//
// What a state has none of in a whole key group is not read at all: a table asks the backend once for each group, and knows better as soon as it seals a
// value there (vacant.go). So a state that is empty, or nearly, costs its readers nothing.
//
// # Who owns a value
//
// Set, Put and Add hand a value over; Get lends it. What is changed through a pointer, slice or map inside a value that was handed over
// is part of the state until the epoch is sealed, and lost or kept at random afterwards: so don't, or set it again. Values
// without such insides are always safe, and so is the Bytes codec, which copies. A value from Get may be changed in place if it is Set
// before the next SetKey; one from Bytes or from List.Get must not be changed at all, and does not change either.
// After LendCopies Get gives copies: what is not Set is not kept.
//
// # Keys
//
// An entry's key is group (2 bytes) | state id (2) | length of the record's key (uvarint) | the record's key | suffix. Because of the length
// no state's keys are mixed up with another's, and all of a record key stand together. Suffixes: none for Value, Reducing and Aggregating; the
// encoded map key for Map; for List the element's index (8 bytes, big-endian), and none for the number of elements (uvarint); for Timers
// the domain (1 byte: 0 processing time, 1 event time), the time (8 bytes, big-endian with the sign bit flipped) and the namespace, with
// no value. Broadcast has an empty record key and the encoded map key as the suffix, in every key group the same. Group first: moving key groups is copying
// ranges.
//
// Ids are given out by Registry and recorded with name, kind and codecs in each checkpoint's manifest. They hold for one lineage of
// checkpoints: across instances a state is found by uid and name.
//
// # Timers
//
// A timer is an entry like any other: in the delta and the checkpoint, committed or forgotten with its epoch. But unlike other state
// all timers of a task are in memory, since the earliest has to be known without a search: about 100 bytes each with short keys (1 million:
// 100 MB), beside and not within CacheBytes; TimerMemory says how much. They hold no pointers, so that the garbage collector passes them by.
// A task reads those of its key groups when it opens, about 0.6 s per million. A timer that is set and unset in one epoch costs no write.
//
// While timers are deferred (Defer), those of processing time that are set wait aside, so that all that were set before can fire and there is an end to it.
//
// Many timers of one time, as at the end of a window, fire in the order of the backend: group by group, in the order of keys. What their keys
// have is then read and deleted in stretches. Their order is made a group at a time, so that nobody waits for a million to be sorted.
//
// # Broadcast
//
// A broadcast state is whole in every task, decoded in memory, outside of CacheBytes. Each key group has a copy of its own: a task that gets a group, under another
// parallelism or on another instance, gets the map with it, and no group has to be fetched from elsewhere. Copies are the same because every task applies
// the same records before the same barrier. Rejected: one copy for the job, which would have to be read by tasks that don't own it.
//
// # Time to live
//
// When a value with a TTL was last used stands in a state of its own, called like it with ".ttl" behind: so a state can get a TTL or lose it at any
// time, and one without pays nothing. A read looks at both and takes what has expired for absent. Sweep goes round the stamps in the backend and
// removes what is old through the overlay, as the task's own writes: in the delta, committed or forgotten with the epoch. It costs no memory
// per value. Entries of a map and elements of a list expire each by themselves. A list's stamps are a list in the same order; expired
// elements are left out by Get at once, and leave the list when half of it has expired or the sweep comes by, which writes all that remain.
// Who looks at committed state from outside asks Life: the same rule, without a handle. It is what the opened states say; no checkpoint records it.
// With OnRead every read of a list writes all of its stamps.
//
// # Memory
//
// Options.CacheBytes bounds clean, applied values: what was deleted goes first, in the order of deletion, then a clock over slabs of cells, whose
// hand jumps, finds what was not used for long. It is per Store: divide what the
// process has by its tasks, and count twice for the garbage collector. A cached int64 takes about 85 bytes beside its key. Dirty
// values are bounded by the runtime, which starts a barrier early when DirtyBytes passes its limit. All sizes are estimates: exact for
// the simple codecs, learned from encoded lengths for others. Slabs and indexes are reused and not given back, so memory stays at its
// peak; that of timers goes when none is left.
//
// # Crashes
//
//	at                                   what is left                      what the runtime does
//	before the delta is stored           backend of an earlier epoch       replays records from the committed offsets
//	delta stored, not decided            the same                          ignores the delta
//	decided, not applied                 the same, marker behind           applies stored deltas after the marker
//	applied, not flushed                 some prefix of applied batches    the same: the marker is never ahead of the entries
//	while Load runs                      entries without a marker          the backend empties itself when opened; Load again
//
// # Rejected
//
//   - Writing encoded values to a memtable per record: encoding at each of many updates of a hot key was the larger part of the work,
//     and reads had to decode.
//   - Values in a shared, locked map: tasks own disjoint key groups, so there is nothing to share.
//   - Range deletions in deltas, for clearing a map: a delta would no longer be a sorted set of keys, and merging would need the order of
//     writing.
//   - Copying all mutable values at Set and Get: it costs every job what a rule costs none.
//   - A timer for each value with a TTL: 150 bytes of memory for each, to remove it to the millisecond when nobody can see the difference.
//   - Go's map from key to cell: with a million keys it took 40 % more memory and CPU than the index.
//   - A clock that goes round in order: keys that come round in order too, a little more of them than fit, were all evicted just before
//     they were needed.
//   - A Go struct per timer, and a map from id to it: with a million of them the collector took more than half of the CPU.
//   - Cells of a map state in a slice per record key: with one entry per key, as in a window, that was most of its memory.
//   - A cache of encoded values beside the overlay: Pebble's block cache is one already.
package state
