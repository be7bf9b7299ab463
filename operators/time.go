package operators

// timed is an operator that does something when a time comes.
type timed interface {
	tick(now int64) error
	nextTick() (at int64, ok bool)
}

func (t *Task) tick(now int64) (err error) {
	defer t.rescue(&err)
	t.op, t.atWork = 0, false
	if t.lag.on {
		if err := t.fireDue(t.newBurst()); err != nil {
			return err
		}
	}
	for i := len(t.timed) - 1; i >= 0; i-- {
		if _, ok := t.timed[i].(waiting); t.lag.on && !ok {
			continue // event time comes first
		}
		t.op, t.atWork = 0, false
		if err := t.timed[i].tick(now); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) nextTick() (at int64, ok bool) {
	if t.lag.on {
		return 0, true
	}
	for _, op := range t.timed {
		if next, any := op.nextTick(); any && (!ok || next < at) {
			at, ok = next, true
		}
	}
	return at, ok
}

// fires is called before a timer's function runs.
func (t *Task) fires() {
	if t.env.Fires != nil {
		t.env.Fires()
	}
}
