package runtime

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// Failures of the store are counted by themselves, whether a checkpoint could not be stored or not be read.
func TestFailuresOfTheStoreAreTolerated(t *testing.T) {
	in := failing()
	in.restarts.policy.FailedCheckpoints = 3
	store := failed(twophase.Store, 5, errors.New("no space left"))
	restore := failed(twophase.Restore, 0, fmt.Errorf("checkpoint r1-1: %w", checkpoint.ErrUnavailable))
	other := failed(twophase.Flush, 5, &txn.Error{Op: "flush", Class: txn.ClassAbort, Err: errors.New("no")})
	for _, ev := range []event{store, restore, other, store} {
		in.noteFailure(&ev)
		if ev.Cause != twophase.Abortable {
			t.Fatalf("%v ends the job", ev.err)
		}
	}
	in.noteFailure(&store)
	if store.Cause != twophase.Fatal || !strings.Contains(in.lastErr.Error(), "WEIR_TOLERABLE_FAILED_CHECKPOINTS") || !strings.Contains(in.lastErr.Error(), "no space left") {
		t.Errorf("%v after %v", store.Cause, in.lastErr)
	}
}
