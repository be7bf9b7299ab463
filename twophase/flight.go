package twophase

// epoch is the newest epoch: the one that the tasks write into. Tasks that have passed the barrier of a closing epoch
// may be in it before it has begun.
type epoch struct {
	number    Epoch
	beginning bool // Begin is under way
	begun     bool // its transaction is open
	dirty     bool // it has a record, a timer or a state change
	due       bool // a barrier was due before it had begun
}

// flight is the bookkeeping of an epoch between its barrier and its decision. Everything about a closing epoch is in
// here, so that a second one in flight is a second flight.
type flight struct {
	epoch Epoch
	under opSet // Store, Flush, SendOffsets, Commit that have no answer yet
	// final: the barrier was injected because the partitions go. No epoch follows, whatever tasks do after it.
	final bool
}

// opSet is a set of effects.
type opSet uint16

func opsOf(ops ...Op) opSet {
	var s opSet
	for _, op := range ops {
		s |= 1 << op
	}
	return s
}

func (s opSet) has(op Op) bool { return s&opsOf(op) != 0 }

func (s opSet) without(op Op) opSet { return s &^ opsOf(op) }

// producer says whether the producer can be used.
type producer uint8

const (
	absent   producer = iota // there is none
	usable                   // it can begin, send, commit and abort
	doubtful                 // it is dead, or what it did last is not known: only Fence helps
)

// wish says how soon the partitions have to go.
type wish uint8

const (
	stay    wish = iota // keep them
	release             // finish the epoch, then give them back
	yield               // finish nothing but a Commit under way
)

// underWay reports whether an effect that can reach Kafka or the store has no answer yet. InjectBarrier is not one:
// tasks that failed may never align, so its answer is not waited for but known by its number if it comes late.
func (m *Machine) underWay() bool { return m.closing.under != 0 || m.open.beginning }

// transaction returns the epoch whose transaction is open, or 0.
func (m *Machine) transaction() Epoch {
	if m.closing.epoch != 0 {
		return m.closing.epoch
	}
	return m.Open()
}

// forget drops the epochs. Their numbers stay used.
func (m *Machine) forget() {
	m.open, m.closing = epoch{}, flight{}
}
