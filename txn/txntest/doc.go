// Package txntest is the conformance suite of package txn's drivers.
package txntest
