// Package pebble is the state backend on local disk, an LSM tree (github.com/cockroachdb/pebble) without its write-ahead log.
//
// # What must hold
//
//   - Deltas in the checkpoint store are the redo log. So Apply writes to memory only, and a crash loses what was not yet
//     flushed: some prefix of all batches is left, each whole, because memtables are flushed in order and each is published by one
//     edit of the manifest.
//   - The marker is part of the batch whose entries it stands for. It is never ahead of them.
//   - Entries without a marker are an unfinished Load. Open removes them.
//   - The folder is stamped with the job's id and a format version before Pebble writes to it; folders of other jobs and of later
//     versions are refused untouched. A lock keeps other processes out, and goes when its process does.
//   - A large Load writes tables and adds them to the last level, if the folder was empty: no memtable, no compaction. Before the first of them the deletion of marker and old entries is
//     durable, and the marker comes after the last. Two tables are built side by side, each of entries that take 24 MiB of memory, and 36 MiB are on their way at most.
//   - Keys that are asked for in order are found by walking from one to the next, others by searching (readers_order.go).
//   - A Get that begins after a write has returned sees it. Iterators are kept from one Get to the next, none of them beyond a write
//     (readers.go); nor beyond Flush, since they hold on to all that they could read.
//   - Memory is bounded: three memtables and the block cache, 80 MiB by default and 112 MiB with a large state (cache.go). When flushing can't keep up, Apply waits; when it
//     fails, as on a full disk, Apply fails until it goes well again.
//
// # Crash table
//
//	at                                what Open finds
//	before the stamp is renamed       an empty folder
//	stamped, Pebble not yet created   the same
//	between batches, in a flush       the last published flush: an earlier marker and its entries
//	while Load runs                   entries without a marker, and tables not yet added: removed
//	after Flush                       everything
//
// # Rejected
//
//   - Ingesting each delta as a table: durable at once, which nobody needs here, at the price of a table per epoch to sync and to compact.
//   - Excising the old entries when a Load adds its tables (IngestAndExcise): with a compaction under way at the same moment old entries came back (v2.1.7; the
//     model test of Load found it under the race detector). They are deleted and flushed before, and the tables come on top.
//   - Compacting tables of deletions at once (Pebble's tombstone density): at the end of a window each flush is one, and each compaction rewrote a table that
//     the next flush emptied further. What was deleted is gone from disk when level 0 is due.
//   - The write-ahead log: each byte would be written a third time, after the delta and before the table.
//   - Pebble's own waiting for room: it knows of no failure, so a full disk would hang the job without a word.
//   - Pebble's own Get: it does not ask the filters of the last level, so a new key, the commonest miss, cost a block.
//   - Blocks of 16 KiB: scans take less CPU yet, but a cold read of one key a quarter more; with 8 KiB it takes a twentieth more than with 4 KiB.
//   - Compression above the last level: it takes CPU from the one thing that is scarce.
package pebble
