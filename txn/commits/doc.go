// Package commits is the decision record where it can't be a consumer group's offsets: sources on one cluster, sinks on another.
//
// A transaction belongs to one cluster. The outputs are on the sinks' cluster, so the fact that decides about them has to be
// there too: in a small compacted topic, produced in the same transaction as the outputs. It has one record for each source
// partition, whose content is what the group's offset would be: where to read on, and the metadata that names the checkpoint.
//
//	key    <topic>/<partition>
//	value  weir-commit1 <checksum> <offset> <metadata>
//
// The newest record of a key counts; docs/format.md has the bytes.
//
// # What holds
//
//   - A record that cannot be read, or is somebody else's, is an error and never passed over: the position that it holds is not
//     guessed.
//   - The group's offsets follow behind the decisions, for people and their tools. A [Pointer] as their metadata says that they
//     decide nothing and which cluster does, so that a job that is started without that cluster refuses to go on from them.
package commits
