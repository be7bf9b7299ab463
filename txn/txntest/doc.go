// Package txntest is the conformance suite of package txn's drivers: what txn promises, as tests that any driver has
// to pass against the embedded broker (franz-go's kfake) and against a real one.
//
//	func TestConformance(t *testing.T) {
//		txntest.Run(t, txntest.Harness{Open: confluent.New, Brokers: "localhost:9092"})
//	}
//
// The suite looks at the results through another client (franz-go), so a driver can't vouch for itself.
package txntest
