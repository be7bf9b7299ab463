package twophase

// Machine is the commit protocol of one instance. It is a plain value of fixed size without pointers: copying one
// copies the whole protocol state, and two are in the same state exactly if they are ==. It is not safe for use by
// several goroutines; one loop owns it, feeds it events and carries out the effects.
type Machine struct {
	guarantee Guarantee
	phase     Phase
	producer  producer
	// fenced: the producer was fenced since the last Committed. A second time is a rival.
	fenced bool
	// wish and stop say how it has to end; both only ever become more urgent until Released.
	wish wish
	stop Reason
	// reassigned: Assigned came before the partitions given up earlier were released.
	reassigned bool
	// last is the highest epoch number that was ever handed out, to Begin or to tasks that ran ahead.
	last Epoch
	// doubt is the epoch whose commit may have happened; the next decision record that is read settles it.
	doubt   Epoch
	open    epoch
	closing flight
}

// New returns the machine of an instance that owns nothing yet: it waits for Assigned.
func New(g Guarantee) Machine {
	return Machine{guarantee: g, phase: Idle}
}

// Step takes one event and returns what has to be done because of it, in this order. It never blocks and never
// panics: an event that makes no sense in the present state, such as the late answer of an effect that was given up,
// changes nothing.
func (m *Machine) Step(ev Event) []Effect {
	switch {
	case m.phase == Stopped:
		return nil
	case ev.Kind <= Shutdown:
		return m.ownership(ev.Kind)
	case ev.Kind == Failed:
		return m.failed(ev)
	}
	return m.progress(ev)
}

// ownership handles the events that say what the instance may keep.
func (m *Machine) ownership(kind EventKind) []Effect {
	switch kind {
	case Assigned:
		return m.assigned()
	case Revoked:
		return m.revoked()
	case RevokeExpired:
		return m.expired()
	case Lost:
		return m.lost()
	case Shutdown:
		return m.shutdown()
	}
	return nil
}

// progress handles the work of the tasks and the answers that say that an effect was done.
func (m *Machine) progress(ev Event) []Effect {
	switch ev.Kind {
	case Processed:
		return m.processed(ev.Epoch)
	case BarrierDue:
		return m.barrierDue()
	case Aligned:
		return m.aligned(ev.Epoch)
	case Fenced:
		return m.fencedDone()
	case DecisionRead:
		return m.decisionRead(ev.Decision)
	case Restored:
		return m.restored()
	case Began:
		return m.began(ev.Epoch)
	case Flushed:
		return m.prepared(Flush, ev.Epoch)
	case Stored:
		return m.prepared(Store, ev.Epoch)
	case OffsetsSent:
		return m.prepared(SendOffsets, ev.Epoch)
	case Committed:
		return m.committed(ev.Epoch)
	case Aborted:
		return m.aborted(ev.Epoch)
	case Released:
		return m.released()
	}
	return nil
}

// Guarantee returns what the machine was made for.
func (m *Machine) Guarantee() Guarantee { return m.guarantee }

// Phase returns what the machine is doing.
func (m *Machine) Phase() Phase { return m.phase }

// Open returns the epoch that has begun and has had no barrier yet, or 0.
func (m *Machine) Open() Epoch {
	if !m.open.begun {
		return 0
	}
	return m.open.number
}

// Closing returns the epoch between its barrier and its decision, or 0.
func (m *Machine) Closing() Epoch { return m.closing.epoch }
