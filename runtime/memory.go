package runtime

// measureTimers tells Options.TimerMemory what the timers of all tasks take up. A task calls it when it has loaded its own, and at every barrier:
// in between it can grow by no more than OverlayLimit.
func (t *task) measureTimers() {
	f := t.attempt.in.o.TimerMemory
	if f == nil || t.store == nil {
		return
	}
	now := t.store.TimerMemory()
	t.attempt.mu.Lock()
	defer t.attempt.mu.Unlock()
	t.attempt.timers += now - t.timers
	t.timers = now
	f(t.attempt.timers)
}
