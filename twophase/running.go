package twophase

// begin opens the newest epoch: the one that tasks have run ahead into, else the next number.
func (m *Machine) begin() []Effect {
	if m.open.number == 0 {
		m.last++
		m.open.number = m.last
	}
	m.open.beginning = true
	m.phase = Beginning
	return []Effect{{Op: Begin, Epoch: m.open.number}}
}

func (m *Machine) began(e Epoch) []Effect {
	if !m.open.beginning || e != m.open.number {
		return nil
	}
	m.open.beginning, m.open.begun = false, true
	if m.phase == Abandoning {
		return m.settle()
	}
	m.phase = Running
	if m.wish != stay {
		return m.wished()
	}
	due := m.open.due
	m.open.due = false
	if due {
		return m.barrierDue()
	}
	return nil
}

// processed marks the newest epoch dirty, also before it has begun. Those that close are dirty anyway.
func (m *Machine) processed(e Epoch) []Effect {
	if e != 0 && e == m.open.number {
		m.open.dirty = true
	}
	return nil
}

// barrierDue closes a dirty open epoch. An epoch without content is not committed; and before Began the wish is kept,
// since the newest epoch can have no barrier while the one before it is undecided.
func (m *Machine) barrierDue() []Effect {
	switch {
	case m.phase == Running && m.open.dirty:
		return m.inject()
	case m.phase.epochal() && m.phase != Running:
		m.open.due = true
	}
	return nil
}

// inject closes the open epoch. The next number is taken at once: tasks behind the barrier are in it already.
func (m *Machine) inject() []Effect {
	m.closing = flight{epoch: m.open.number, final: m.wish != stay}
	m.last++
	m.open = epoch{number: m.last}
	m.phase = Aligning
	return []Effect{{Op: InjectBarrier, Epoch: m.closing.epoch}}
}

func (m *Machine) aligned(e Epoch) []Effect {
	if m.phase != Aligning || e != m.closing.epoch {
		return nil
	}
	m.phase = Preparing
	m.closing.under = opsOf(Store, Flush)
	out := []Effect{{Op: Store, Epoch: e}, {Op: Flush, Epoch: e}}
	if m.guarantee == ExactlyOnce {
		m.closing.under |= opsOf(SendOffsets)
		out = append(out, Effect{Op: SendOffsets, Epoch: e})
	}
	return out
}

// prepared takes the answer of Store, Flush or SendOffsets. Commit may follow only when none of them is under way.
func (m *Machine) prepared(op Op, e Epoch) []Effect {
	if !m.closing.under.has(op) || e != m.closing.epoch {
		return nil
	}
	m.closing.under = m.closing.under.without(op)
	switch {
	case m.underWay():
		return nil
	case m.phase == Abandoning:
		return m.settle()
	}
	m.phase = Committing
	m.closing.under = opsOf(Commit)
	return []Effect{{Op: Commit, Epoch: e}}
}

// committed takes the decision. It counts in Abandoning too: what the record says has happened, wanted or not.
func (m *Machine) committed(e Epoch) []Effect {
	if !m.closing.under.has(Commit) || e != m.closing.epoch {
		return nil
	}
	final := m.closing.final
	m.closing = flight{}
	m.fenced = false
	out := []Effect{{Op: Publish, Epoch: e}}
	switch {
	case m.phase == Abandoning:
		return append(out, m.settle()...)
	case m.wish == stay, m.wish == release && m.open.dirty && !final:
		return append(out, m.begin()...)
	}
	return append(out, m.leave()...)
}
