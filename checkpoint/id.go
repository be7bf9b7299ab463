package checkpoint

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ID names a checkpoint: <run>-<epoch>, such as 0mf2k9x1a3f9d0a1b2c4e-000000000042. The run is part of it, so that nothing
// that a zombie writes can be taken for, or overwrite, the work of its successor. The empty ID means "none".
type ID string

const (
	runTime   = 9  // base-36 digits: milliseconds, good for 3,000 years
	runRandom = 6  // bytes
	maxRun    = 40 // what ParseID accepts
	epochLen  = 12 // digits at least; an epoch that needs more gets more
)

// NewRun names a run, one start of a process. Names of later runs sort later if clocks agree: that is for people, nothing
// relies on it. What is relied on is that no two are equal: they have 48 random bits besides the millisecond.
func NewRun() string {
	var b [runRandom]byte
	_, _ = rand.Read(b[:]) // never fails (documented by crypto/rand)
	t := strconv.FormatInt(time.Now().UnixMilli(), 36)
	return strings.Repeat("0", max(runTime-len(t), 0)) + t + hex.EncodeToString(b[:])
}

// MakeID names the checkpoint that closes the epoch of the run.
func MakeID(run string, epoch uint64) ID {
	return ID(fmt.Sprintf("%s-%0*d", run, epochLen, epoch))
}

// ParseID checks that s is the ID of a checkpoint.
func ParseID(s string) (ID, error) {
	run, digits, _ := strings.Cut(s, "-")
	epoch, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || checkRun(run) != nil || string(MakeID(run, epoch)) != s {
		return "", fmt.Errorf("checkpoint id %.80q is not of the form <run>-<epoch>, such as %s", s, MakeID("0mf2k9x1a3f9d0a1b2c4e", 42))
	}
	return ID(s), nil
}

func checkRun(run string) error {
	if run == "" || len(run) > maxRun || strings.Trim(run, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return fmt.Errorf("run %.80q must be 1 to %d characters a-z and 0-9; use NewRun", run, maxRun)
	}
	return nil
}

// Run is the run that took the checkpoint.
func (id ID) Run() string {
	run, _, _ := strings.Cut(string(id), "-")
	return run
}

// Epoch is the epoch that the checkpoint closes; 0 for the empty ID.
func (id ID) Epoch() uint64 {
	_, digits, _ := strings.Cut(string(id), "-")
	epoch, _ := strconv.ParseUint(digits, 10, 64)
	return epoch
}

// orNone is for messages.
func (id ID) orNone() string {
	if id == "" {
		return "none"
	}
	return string(id)
}
