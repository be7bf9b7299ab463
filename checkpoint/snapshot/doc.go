// Package snapshot is the savepoint in a store: written, read, verified, listed, deleted. docs/format.md describes every byte.
//
// # Files
//
// A savepoint is a folder that needs nothing outside of it:
//
//	<path>/savepoint                  the header: what it is of, its states, source positions, and the files that follow
//	<path>/data-<token>-<part>-<n>    all entries, sorted over part and n, in entry files of about 64 MiB
//
// The path is <job>/savepoint/<name> in the job's own store, or any other. Garbage collection of checkpoints does not know these
// names, so it leaves them alone.
//
// # What must hold
//
//  1. The header is written last, when all that it names is durable: a savepoint exists whole or not at all. Files that no header names are what a
//     creation left that did not come to its end; Delete removes them.
//  2. Nothing in a savepoint is ever changed. The token is new for every creation, so two that go on at once, or one after another that
//     crashed, never write the same name.
//  3. Every byte is under a checksum that is bound to its place and, through the header, to its file. Damage is found, and named, before anything
//     behind it comes out; and an end without error says that everything was read and was right.
//  4. Memory is bounded: a part that is being written holds 1.5 MiB on the way to the store, and a frame; Fill writes four parts at a time.
//  5. Keys are those of package state, with the ids of Header.States. There are no deletions.
//
// # Rejected
//
//   - Pebble's own files: they can be linked instead of copied, but only within a file system and a backend.
//   - The manifest of a checkpoint, with its files beside it: a savepoint of many shards has many, and their deltas and names are of one job.
//   - Putting the header only if there is none: not every store can. Create and Commit look first, which leaves the two who do so at the same moment; then
//     the later one wins, whole.
package snapshot
