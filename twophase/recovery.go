package twophase

// start begins recovery: the decision may be read without a fence only if nothing of ours can still change it.
func (m *Machine) start() []Effect {
	if m.producer != usable {
		return m.fence()
	}
	return m.read()
}

// abandon gives up the epochs that are not decided.
func (m *Machine) abandon() []Effect {
	m.phase = Abandoning
	if m.underWay() {
		return nil
	}
	return m.settle()
}

// settle ends the transaction of the abandoned epochs, if any. Nothing of theirs is under way any more.
func (m *Machine) settle() []Effect {
	e := m.transaction()
	switch {
	case m.producer != usable:
		return m.refence()
	case e != 0:
		m.phase = Aborting
		return []Effect{{Op: Abort, Epoch: e}}
	case m.leaving():
		return m.leave()
	}
	return m.restore()
}

// refence recovers with a new producer. Whether the closing epoch was decided is for the decision record to say,
// whatever the failure seemed to mean: a retried EndTxn may be told "fenced" although the first try was carried out.
func (m *Machine) refence() []Effect {
	if m.closing.epoch != 0 {
		m.doubt = m.closing.epoch
	}
	if m.leaving() {
		return m.leave()
	}
	return m.fence()
}

func (m *Machine) fence() []Effect {
	m.forget()
	m.producer = absent
	m.phase = Fencing
	return []Effect{{Op: Fence}}
}

func (m *Machine) fencedDone() []Effect {
	if m.phase != Fencing {
		return nil
	}
	m.producer = usable
	if m.leaving() {
		return m.leave()
	}
	return m.read()
}

func (m *Machine) read() []Effect {
	m.phase = Reading
	return []Effect{{Op: ReadDecision}}
}

// decisionRead publishes the epoch in doubt if the record names it; if not, that epoch never happened.
func (m *Machine) decisionRead(decision Epoch) []Effect {
	if m.phase != Reading {
		return nil
	}
	var out []Effect
	if m.doubt != 0 && decision == m.doubt {
		out = append(out, Effect{Op: Publish, Epoch: decision})
	}
	m.doubt = 0
	if m.leaving() {
		return append(out, m.leave()...)
	}
	return append(out, m.restore()...)
}

func (m *Machine) restore() []Effect {
	m.forget()
	m.phase = Restoring
	return []Effect{{Op: Restore}}
}

func (m *Machine) restored() []Effect {
	if m.phase != Restoring {
		return nil
	}
	if m.leaving() {
		return m.leave()
	}
	return m.begin()
}

func (m *Machine) aborted(e Epoch) []Effect {
	if m.phase != Aborting || e != m.transaction() {
		return nil
	}
	switch {
	case m.producer != usable: // tasks reported it while Abort was under way
		return m.refence()
	case m.leaving():
		return m.leave()
	}
	return m.restore()
}
