package twophase

import "fmt"

var (
	opNames = [...]string{
		"Process", "Fence", "ReadDecision", "Publish", "Restore", "Begin", "InjectBarrier", "Flush", "Store",
		"SendOffsets", "Commit", "Abort", "Release", "Stop",
	}
	kindNames = [...]string{
		"None", "Assigned", "Revoked", "RevokeExpired", "Lost", "Shutdown", "Processed", "BarrierDue", "Aligned",
		"Fenced", "DecisionRead", "Restored", "Began", "Flushed", "Stored", "OffsetsSent", "Committed", "Aborted",
		"Released", "Failed",
	}
	causeNames     = [...]string{"None", "Abortable", "ProducerDead", "ProducerFenced", "OutcomeUnknown", "Fatal"}
	reasonNames    = [...]string{"None", "Shutdown", "Rival", "Fatal"}
	guaranteeNames = [...]string{"ExactlyOnce", "AtLeastOnce"}
	phaseNames     = [...]string{
		"Idle", "Fencing", "Reading", "Restoring", "Beginning", "Running", "Aligning", "Preparing", "Committing",
		"Abandoning", "Aborting", "Releasing", "Stopped",
	}
)

func name(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("?%d", i)
}

// String returns the name of the constant.
func (o Op) String() string { return name(opNames[:], uint8(o)) }

// String returns the name of the constant.
func (k EventKind) String() string { return name(kindNames[:], uint8(k)) }

// String returns the name of the constant.
func (c Cause) String() string { return name(causeNames[:], uint8(c)) }

// String returns the name of the constant without "Reason".
func (r Reason) String() string { return name(reasonNames[:], uint8(r)) }

// String returns the name of the constant.
func (g Guarantee) String() string { return name(guaranteeNames[:], uint8(g)) }

// String returns the name of the constant.
func (p Phase) String() string { return name(phaseNames[:], uint8(p)) }

// String returns the effect as traces show it: "Commit 3", "Stop Rival".
func (e Effect) String() string {
	switch {
	case e.Op == Stop:
		return fmt.Sprintf("%v %v", e.Op, e.Reason)
	case e.Epoch != 0:
		return fmt.Sprintf("%v %d", e.Op, e.Epoch)
	}
	return e.Op.String()
}

// String returns the event as traces show it: "Aligned 3", "DecisionRead 0", "Failed Commit 3 OutcomeUnknown".
func (ev Event) String() string {
	switch {
	case ev.Kind == DecisionRead:
		return fmt.Sprintf("%v %d", ev.Kind, ev.Decision)
	case ev.Kind == Failed && ev.Epoch != 0:
		return fmt.Sprintf("%v %v %d %v", ev.Kind, ev.Op, ev.Epoch, ev.Cause)
	case ev.Kind == Failed:
		return fmt.Sprintf("%v %v %v", ev.Kind, ev.Op, ev.Cause)
	case ev.Epoch != 0:
		return fmt.Sprintf("%v %d", ev.Kind, ev.Epoch)
	}
	return ev.Kind.String()
}
