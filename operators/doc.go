// Package operators is what runs in tasks: operators as functions that push one typed record to the next, in chains
// with batches at both ends.
package operators
