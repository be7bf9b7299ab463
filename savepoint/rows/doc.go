// Package rows shows the entries of a savepoint as rows that people and other tools read, and makes entries of rows again: as JSON lines and CSV, and, in
// subpackage parquet, as Parquet files. It needs no code of the job: what a state looks like stands in the savepoint.
//
// # Columns
//
//	value, reducing, aggregating   uid name key value
//	map                            uid name key mapKey value
//	list                           uid name key index value
//	timer                          uid name key domain at [namespace]    domain is processing or event, at is in ms since the epoch
//	broadcast                      uid name mapKey value                 once, though each key group has a copy
//
// # Values
//
// Codecs of package state are shown as what they stand for, and so are those of window operators and joins: a window is {"start":…,"end":…} in ms, the sessions
// of a key are [{"start":…,"end":…,"value":…}], a count window is {"n":…,"value":…}. Where times are read, dates such as 2023-11-14T23:00:00Z will do.
//
// What is no UTF-8, or written by a codec that this package doesn't know (Column.Known), is {"base64":"…"} in JSON and base64:… in CSV, and is
// read so. A string that begins with base64: is shown in base64 itself. So whatever is written can be read again, and is the same then.
package rows
