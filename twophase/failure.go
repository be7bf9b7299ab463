package twophase

// failed takes a failure. Only that of an effect under way counts, so that nothing late disturbs a later epoch.
func (m *Machine) failed(ev Event) []Effect {
	if ev.Cause < Abortable || ev.Cause > Fatal {
		ev.Cause = OutcomeUnknown // the most careful reading of a cause that was not given
	}
	switch ev.Op {
	case OpProcess, InjectBarrier, Publish:
		return m.tasksFailed(ev)
	case Store, Flush, SendOffsets, Commit:
		return m.closingFailed(ev)
	case Begin:
		return m.beginFailed(ev)
	case Abort:
		return m.abortFailed(ev)
	case Fence:
		return m.fenceFailed(ev.Cause)
	case ReadDecision:
		return m.retry(Reading, ev.Cause)
	case Restore:
		return m.retry(Restoring, ev.Cause)
	case Release:
		return m.releaseFailed(ev.Cause)
	}
	return nil
}

// tasksFailed takes what can fail at any time. While tasks are halted it only matters if it is fatal: they start
// afresh from the decision, and a late word about an old producer must not be counted against the new one.
func (m *Machine) tasksFailed(ev Event) []Effect {
	live := m.phase.epochal() || m.phase == Abandoning || m.phase == Aborting
	if ev.Cause != Fatal && (!live || m.stale(ev)) {
		return nil
	}
	m.blame(ev.Cause)
	switch {
	case m.phase == Idle:
		return m.end()
	case m.phase.epochal():
		return m.abandon()
	}
	return nil
}

// stale reports whether a failure of tasks belongs to an epoch that is over. Publish always comes after its epoch.
func (m *Machine) stale(ev Event) bool {
	oldest := m.open.number
	if m.closing.epoch != 0 {
		oldest = m.closing.epoch
	}
	return ev.Op != Publish && ev.Epoch != 0 && ev.Epoch < oldest
}

// closingFailed abandons the closing epoch, and waits for the answers of its other effects.
func (m *Machine) closingFailed(ev Event) []Effect {
	if !m.closing.under.has(ev.Op) || !of(ev, m.closing.epoch) {
		return nil
	}
	m.closing.under = m.closing.under.without(ev.Op)
	switch {
	case ev.Op == Store && ev.Cause == OutcomeUnknown:
		ev.Cause = Abortable // a checkpoint that no record names is ignored, stored or not
	case ev.Op == Commit && ev.Cause == Fatal:
		m.producer = doubtful // nothing says that there still is something to abort
	}
	m.blame(ev.Cause)
	return m.abandon()
}

// beginFailed: a transaction that surely was not begun needs no Abort, but tasks may have run ahead.
func (m *Machine) beginFailed(ev Event) []Effect {
	if !m.open.beginning || !of(ev, m.open.number) {
		return nil
	}
	m.open.beginning = false
	m.blame(ev.Cause)
	return m.abandon()
}

// abortFailed: whatever the cause, only a new producer ends the transaction for sure.
func (m *Machine) abortFailed(ev Event) []Effect {
	if m.phase != Aborting || !of(ev, m.transaction()) {
		return nil
	}
	m.blame(ev.Cause)
	m.producer = doubtful
	return m.refence()
}

// fenceFailed tries again; the caller backs off, and says Fatal when it gives up.
func (m *Machine) fenceFailed(c Cause) []Effect {
	if m.phase != Fencing {
		return nil
	}
	switch c {
	case ProducerFenced:
		m.countFence()
	case Fatal:
		m.stop = ReasonFatal
	}
	if m.leaving() {
		return m.leave()
	}
	return m.fence()
}

// retry reads the decision again, also for Restore: its checkpoint may be gone because the record has moved on under
// another owner, before we were told that the partitions are lost. An unknown outcome does no harm here.
func (m *Machine) retry(p Phase, c Cause) []Effect {
	if m.phase != p {
		return nil
	}
	if c != OutcomeUnknown {
		m.blame(c)
	}
	if m.leaving() {
		return m.leave()
	}
	return m.start()
}

// releaseFailed: partitions that can't be given back are gone as well; the group sees to that.
func (m *Machine) releaseFailed(c Cause) []Effect {
	if m.phase != Releasing {
		return nil
	}
	if c == Fatal {
		m.stop = ReasonFatal
	}
	return m.released()
}

// blame notes what a failure says about the producer and about going on.
func (m *Machine) blame(c Cause) {
	switch c {
	case ProducerFenced:
		// Effects side by side all report the one fence: only the first to hit a usable producer counts.
		if m.producer == usable {
			m.countFence()
		}
		m.producer = doubtful
	case ProducerDead, OutcomeUnknown:
		m.producer = doubtful
	case Fatal:
		m.stop = ReasonFatal
	}
}

// countFence takes the first fence for the broker's doing, the next one without a commit between for a rival's.
func (m *Machine) countFence() {
	if m.fenced && m.stop != ReasonFatal {
		m.stop = ReasonRival
	}
	m.fenced = true
}

// of reports whether a failure can belong to an effect of epoch e. A Failed without an epoch is taken by its Op alone,
// which is enough while one effect of a kind is under way at a time.
func of(ev Event, e Epoch) bool { return ev.Epoch == 0 || ev.Epoch == e }
