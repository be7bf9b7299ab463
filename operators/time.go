package operators

// timed is an operator that does something when a time comes.
type timed interface {
	watermark(wm int64) error
	tick(now int64) error
	nextTick() (at int64, ok bool)
}

// watermark goes down the chain. Each operator's timers fire before the next one hears of the watermark, so what they emit is
// not late there.
func (t *Task) watermark(wm int64) (err error) {
	defer t.rescue(&err)
	for i := len(t.timed) - 1; i >= 0; i-- {
		t.op, t.atWork = 0, false
		if err := t.timed[i].watermark(wm); err != nil {
			return err
		}
	}
	if wm != EndOfTime { // nothing expires of it: the clock of states stands still at the end
		t.wm = max(t.wm, wm)
	}
	return nil
}

func (t *Task) tick(now int64) (err error) {
	defer t.rescue(&err)
	for i := len(t.timed) - 1; i >= 0; i-- {
		t.op, t.atWork = 0, false
		if err := t.timed[i].tick(now); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) nextTick() (at int64, ok bool) {
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
