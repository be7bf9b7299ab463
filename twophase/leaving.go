package twophase

// assigned starts recovery. Before the partitions given up earlier are released it is kept for afterwards.
func (m *Machine) assigned() []Effect {
	switch {
	case m.phase == Idle:
		return m.start()
	case m.wish != stay:
		m.reassigned = true
	}
	return nil
}

// revoked and lost also take back an assignment that came after an earlier revocation.
func (m *Machine) revoked() []Effect {
	m.reassigned = false
	return m.want(release)
}

func (m *Machine) lost() []Effect {
	m.reassigned = false
	return m.want(yield)
}

// expired only speeds up a departure under way: a timer that fires after Released must not give up what has been
// assigned since.
func (m *Machine) expired() []Effect {
	if m.wish == stay {
		return nil
	}
	return m.want(yield)
}

func (m *Machine) shutdown() []Effect {
	if m.stop == 0 {
		m.stop = ReasonShutdown
	}
	if m.phase == Idle {
		return m.end()
	}
	return m.want(release)
}

// want raises the wish; it never sinks before Released.
func (m *Machine) want(w wish) []Effect {
	if m.phase == Idle {
		return nil // nothing is ours
	}
	m.wish = max(m.wish, w)
	return m.wished()
}

// wished acts on the wish where no answer is waited for that will do so. A clean epoch is aborted rather than left
// open: its Processed may be under way behind the revocation, and a producer must not be left inside a transaction.
func (m *Machine) wished() []Effect {
	switch m.phase {
	case Running:
		if m.wish == release && m.open.dirty {
			return m.inject()
		}
		return m.abandon()
	case Beginning, Aligning, Preparing:
		if m.wish == yield {
			return m.abandon()
		}
	}
	return nil // recovery, Abort and Commit are awaited whatever the hurry
}

// leaving reports whether the next safe point is the end of this assignment.
func (m *Machine) leaving() bool { return m.wish != stay || m.stop != 0 }

// leave ends the assignment. No effect is under way and no transaction is open, or the producer that had it is not
// used again before Fence. What was in doubt is read from the decision record by whoever comes next.
func (m *Machine) leave() []Effect {
	m.forget()
	m.doubt = 0
	if m.stop == ReasonFatal || m.stop == ReasonRival {
		return m.end()
	}
	m.phase = Releasing
	return []Effect{{Op: Release}}
}

func (m *Machine) released() []Effect {
	if m.phase != Releasing {
		return nil
	}
	m.phase, m.wish = Idle, stay
	switch {
	case m.stop != 0:
		return m.end()
	case m.reassigned:
		m.reassigned = false
		return m.start()
	}
	return nil
}

func (m *Machine) end() []Effect {
	m.phase = Stopped
	return []Effect{{Op: Stop, Reason: m.stop}}
}
