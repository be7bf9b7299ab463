// Package demo shows exactly-once word counts on one machine with nothing installed: an in-process Kafka broker, a feeder, the
// built-in job wordcount as a child process that is killed again and again, a live view, and a recount at the end.
//
// The verdict does not trust anything that the job or the view has counted. It reads both topics afresh: the input, to count its
// words with a few lines of its own, and the committed output, in which the counts of every word must be 1, 2, 3 … n, each
// once and in this order, with n from the recount.
package demo
