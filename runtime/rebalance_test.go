package runtime

import "testing"

// A revocation that has nothing to wait for leaves no deadline behind, which would cut the next one short.
func TestRevokedWhileIdle(t *testing.T) {
	in := lab(t, memStore(t), 1)
	in.reader = newReader(in.post)
	close(in.reader.done)
	in.rebalanced(event{rebalance: rebalanceRevoked})
	if in.expiry.Stop() {
		t.Error("the deadline is still to come, though the partitions are given back")
	}
}
