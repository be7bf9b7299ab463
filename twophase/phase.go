package twophase

// Phase says what the machine is doing.
type Phase uint8

// The phases. Recovery runs Fencing, Reading, Restoring, Beginning; an epoch Running, Aligning, Preparing, Committing;
// a failure Abandoning, Aborting.
const (
	// Idle: no partition is ours; waits for Assigned.
	Idle Phase = iota
	// Fencing: Fence is under way.
	Fencing
	// Reading: ReadDecision is under way.
	Reading
	// Restoring: Restore is under way.
	Restoring
	// Beginning: Begin is under way.
	Beginning
	// Running: an epoch is open.
	Running
	// Aligning: the barrier of the closing epoch is under way.
	Aligning
	// Preparing: Store, Flush or SendOffsets of the closing epoch are under way.
	Preparing
	// Committing: Commit of the closing epoch is under way.
	Committing
	// Abandoning: the epoch is given up, but effects of it still have to be answered.
	Abandoning
	// Aborting: Abort is under way.
	Aborting
	// Releasing: Release is under way.
	Releasing
	// Stopped: nothing follows.
	Stopped
)

// epochal reports whether tasks may be running: a failure of theirs then ends the epoch.
func (p Phase) epochal() bool { return p >= Beginning && p <= Committing }
