package commits

import (
	"fmt"
	"strings"
)

const (
	pointerName    = "weir-commits"
	pointerVersion = "1"

	// The states of a pointer.
	claimed = "claimed"
	decided = "decided"
)

// Pointer is the metadata of offsets that decide nothing.
type Pointer struct {
	Cluster string // the id of the cluster that holds the decision records
	// Decided: the record of this partition, at this offset or behind it, exists. Else nothing was known to be decided yet: the
	// offset is where the job began.
	Decided bool
}

// Encode is the text for the broker.
func (p Pointer) Encode() string {
	state := claimed
	if p.Decided {
		state = decided
	}
	return fmt.Sprintf("%s%s:%s:%s", pointerName, pointerVersion, state, p.Cluster)
}

// DecodePointer reads the metadata of a committed offset. ok is false if it is something else; an error means that it is a
// pointer and cannot be understood.
func DecodePointer(metadata string) (p Pointer, ok bool, err error) {
	name, rest, found := strings.Cut(metadata, ":")
	version, ours := strings.CutPrefix(name, pointerName)
	if !found || !ours {
		return Pointer{}, false, nil
	}
	state, cluster, _ := strings.Cut(rest, ":")
	p = Pointer{Cluster: cluster, Decided: state == decided}
	switch {
	case version != pointerVersion:
		return Pointer{}, false, fmt.Errorf("offset metadata %.80q was written by a newer version (format %s, this version reads %s); upgrade", metadata, version, pointerVersion)
	case cluster == "" || state != claimed && state != decided:
		return Pointer{}, false, fmt.Errorf("offset metadata %.80q is damaged: expected %s%s, %s or %s, and a cluster id", metadata, pointerName, pointerVersion, claimed, decided)
	}
	return p, true, nil
}
