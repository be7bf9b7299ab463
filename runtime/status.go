package runtime

import (
	"errors"
	"time"
)

// Errors that end an instance and that a caller may want to tell apart with errors.Is. Every other one is a failure
// that a restart may get over.
var (
	// ErrConfig: a setting, a topic or a permission is not as it must be; a restart will not help.
	ErrConfig = errors.New("cannot run with these settings")
	// ErrOccupied: another member of the group holds the job's partitions.
	ErrOccupied = errors.New("another instance runs this job")
	// ErrRival: another process has taken our transactional id.
	ErrRival = errors.New("fenced by another process with the same instance id")
	// ErrState: the state or the checkpoint that the decision record names cannot be used; nothing was consumed or changed.
	ErrState = errors.New("state cannot be restored")
)

// Phase says what an instance is doing.
type Phase string

// The phases of an instance.
const (
	PhaseStarting  Phase = "starting"  // looks at topics, group and settings
	PhaseWaiting   Phase = "waiting"   // has no partitions, or not all of them
	PhaseRestoring Phase = "restoring" // brings state to the decision record
	PhaseRunning   Phase = "running"
	PhaseStandby   Phase = "standby" // others have all partitions
	PhaseStopping  Phase = "stopping"
	PhaseStopped   Phase = "stopped"
)

// Status is what an instance tells of itself. It is safe to read at any time.
type Status struct {
	Phase      Phase     `json:"phase"`
	Since      time.Time `json:"since"` // when the phase began
	Run        string    `json:"run"`
	Epoch      uint64    `json:"epoch"`
	Checkpoint string    `json:"checkpoint"` // the last one that is decided
	LastCommit time.Time `json:"lastCommit"`
	Commits    uint64    `json:"commits"`
	Aborts     uint64    `json:"aborts"`
	LastError  string    `json:"lastError,omitempty"`
	RecordsIn  uint64    `json:"recordsIn"`
	RecordsOut uint64    `json:"recordsOut"`
	Partitions int       `json:"partitions"`
	Lag        int64     `json:"lag"` // records behind, over all partitions; -1 unknown
	// Restore is the last restore of state, under way or done; nil: local state was all there.
	Restore *Transfer `json:"restore,omitempty"`
	// RestoreFrom is the loading of the savepoint that this process has started the job from, under way or done; nil: it has not.
	RestoreFrom *Transfer `json:"restoreFrom,omitempty"`
	// BaseSnapshot is the last base snapshot that was written.
	BaseSnapshot *Transfer `json:"baseSnapshot,omitempty"`
}

// Ready says whether the instance processes records, or would if it had partitions.
func (s Status) Ready() bool { return s.Phase == PhaseRunning || s.Phase == PhaseStandby }
