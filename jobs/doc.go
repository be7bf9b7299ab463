// Package jobs holds the built-in jobs: wordcount, classify and copy. They are ordinary jobs of package stream and good
// examples of it; the uids and state names in them are part of their checkpoints.
//
//	wordcount  text   → word-counts        each word's running count, one output per occurrence: flink → "flink 3"
//	classify   events → classified-events  {"key","value","createdAt"} → the key's sum per window with a label
//	copy       input  → output             records as they are
//
// Words are what is left of the lower-cased value (Java's lower case) when it is split on \W+.
//
// In classify a tumbling window of processing time, aligned to the epoch (Params.ClassifyWindow; 1 hour by default in the settings), reduces
// the events of a key: to the sum of their values, with createdAt, in milliseconds since the epoch, set to the time of the last reduction;
// a single event stays as it is. The result is written at the window's end, with the window's last millisecond as its timestamp; when a drain ends the
// window more than an hour before, with the present. Without
// a window (0) the first event of a key passes as it is, and every later one with the sum of all values so far and createdAt set to now.
// Sums of whole numbers are exact up to an int64. The label is UNCLASSIFIED as long as the
// state thresholdState of operator classify_data holds nothing for the key, L1 if the sum is above it, else L2. An event without key or
// value, or one that encoding/json can't read, fails the epoch, or is skipped, or goes to a dead-letter topic (Params.BadRecords). The other jobs can read
// any record.
package jobs
