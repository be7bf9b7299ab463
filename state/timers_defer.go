package state

// deferred is the queue of timers of processing time that wait until Resume; in entries they are like any other.
const deferred = domains

// Defer lets timers of processing time that are set from now on be due to nobody until Resume: Take and Next see those only that were set
// before. So all of these can fire, whatever they set, without an end being missed by timers that set themselves again.
func (t *Timers) Defer() { t.deferring = true }

// Resume puts deferred timers to the others.
func (t *Timers) Resume() {
	t.deferring = false
	from, to := &t.queues[deferred], &t.queues[ProcessingTime]
	for _, q := range from.items {
		t.all.at(q.timer).domain = ProcessingTime
		to.push(q.timer)
	}
	from.items = nil
}

// queueOf is the queue for a timer that is set now.
func (t *Timers) queueOf(d Domain) Domain {
	if t.deferring && d == ProcessingTime {
		return deferred
	}
	return d
}
