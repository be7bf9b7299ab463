package runtime

import (
	"maps"
	"slices"

	"github.com/weirstream/weir/txn"
)

// precedence lets partitions wait until others have been read up to where they ended at the start, and until a barrier has been injected behind
// that: no task then takes a record of those that waited before it has taken all that went first. It belongs to the reader's goroutine.
type precedence struct {
	ends    map[txn.Partition]int64 // of those that are not there yet
	waiting []txn.Partition
	asked   bool // for the barrier
}

// newPrecedence lets all but those in ends wait that are not read first themselves.
func newPrecedence(positions, ends map[txn.Partition]int64, first func(txn.Partition) bool) precedence {
	p := precedence{ends: maps.Clone(ends)}
	for part := range positions {
		if len(ends) > 0 && !first(part) {
			p.waiting = append(p.waiting, part)
		}
	}
	return p
}

// passed says, once, that the ends have been reached; position says where partitions are, offsets without records included.
func (p *precedence) passed(position func(txn.Partition) int64) bool {
	maps.DeleteFunc(p.ends, func(part txn.Partition, end int64) bool { return position(part) >= end })
	if len(p.waiting) == 0 || len(p.ends) > 0 || p.asked {
		return false
	}
	p.asked = true
	return true
}

// blocks says whether those that are ahead in event time may wait for a partition: not for one that waits itself, nor for one that has been read up to
// where it ended while others have not, since all that wait for these would wait for new records. Of the rest the slowest has something to be read.
func (p *precedence) blocks(part txn.Partition) bool {
	switch {
	case len(p.waiting) == 0:
		return true
	case len(p.ends) > 0:
		_, going := p.ends[part]
		return going
	}
	return !slices.Contains(p.waiting, part)
}

// barrier notes that one was injected.
func (p *precedence) barrier() {
	if p.asked {
		p.waiting = nil
	}
}
