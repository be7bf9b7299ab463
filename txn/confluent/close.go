package confluent

/*
#include "batch.h"
*/
import "C"

import "unsafe"

// closeSlice is how long the closing of a consumer waits for its next event.
const closeSlice = 20 // ms

// Close implements txn.Consumer. It waits for calls under way, but not for ever: what hangs is left to a goroutine.
func (k *consumer) Close() error {
	if k.leaving {
		return nil
	}
	k.leaving = true
	if len(k.owned) > 0 {
		k.handler.Revoked(k.owned)
	}
	return bounded(opClose, closeTimeout, func() error {
		k.life.Lock()
		defer k.life.Unlock()
		k.closed = true
		if k.admin != nil {
			k.admin.Close()
		}
		defer k.logs.stop()
		if failed(k.rk) {
			// librdkafka refuses to close a consumer that has failed for good, and the Go client then waits for ever.
			// Its membership is gone already.
			go func() { _ = k.c.Close() }()
			return nil
		}
		k.leave()
		return classify(opClose, k.c.Close())
	})
}

// leave ends the membership. The Go client's Close would do it too, but now and then hang for ever when a rebalance is
// under way: librdkafka then throws away the acknowledgement of the revocation, and its answer, when it ends
// the group's business. Here only a goroutine waits for that answer.
func (k *consumer) leave() {
	if k.fetch == nil {
		return
	}
	C.weir_close(k.rk, k.fetch.queue)
	for C.weir_closed(k.rk) == 0 {
		ev, _ := k.fetch.fetch(closeSlice, 1, func(*rec, []byte) {})
		if ev.p == nil {
			continue
		}
		if ev.kind() == eventRebalance {
			go unassign(k.rk)
		}
		ev.free()
	}
}

func unassign(rk unsafe.Pointer) { C.weir_unassign(rk) }
