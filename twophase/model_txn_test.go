package twophase

// The model's world: the effects of an epoch on transaction, log and group.

func (x *explorer) beginTxn(w *world, p *proc, e uint8) {
	if p.inTxn {
		w.blame("usage: Begin inside a transaction")
	}
	p.inTxn, p.sent, p.begun = true, false, e
	p.buf, p.held = p.buf.plus(p.held), 0
	if !p.tasks {
		p.tasks, p.taskEpoch = true, e
	}
}

func (x *explorer) flush(w *world, p *proc) Cause {
	t := &w.k.txn[p.tid]
	switch {
	case p.buf == 0:
	case x.guarantee == AtLeastOnce:
		w.k.visible = w.k.visible.plus(p.buf)
	case !t.current(p.pe):
		return ProducerFenced
	default:
		t.ongoing, p.sent = true, true
		t.outs = t.outs.plus(p.buf)
	}
	p.buf = 0
	return 0
}

func (x *explorer) sendOffsets(w *world, p *proc) Cause {
	t := &w.k.txn[p.tid]
	switch {
	case !t.current(p.pe):
		return ProducerFenced
	case p.gen != w.k.gen && !x.anyGeneration && x.cast != shared:
		p.aware = p.lost
		return Abortable
	}
	p.sent = true
	t.addOffsets(x.named(p).record())
	return 0
}

func (x *explorer) commit(w *world, p *proc) Cause {
	if !p.inTxn {
		w.blame("usage: Commit outside a transaction")
	}
	if x.guarantee == AtLeastOnce {
		if p.gen != w.k.gen {
			p.aware = p.lost
			return Abortable
		}
		w.k.decide(x.named(p).record())
		p.inTxn = false
		return 0
	}
	t := &w.k.txn[p.tid]
	switch {
	case !t.current(p.pe):
		return ProducerFenced
	case t.ongoing:
		w.k.commit(t)
	case p.sent:
		return Fatal // INVALID_TXN_STATE: something else has ended it
	}
	p.inTxn = false
	return 0
}

func (x *explorer) abort(w *world, p *proc) Cause {
	if !p.inTxn {
		w.blame("usage: Abort outside a transaction")
	}
	t := &w.k.txn[p.tid]
	if x.guarantee == ExactlyOnce && p.sent {
		if !t.current(p.pe) {
			return ProducerFenced
		}
		t.abort()
	}
	p.inTxn = false
	return 0
}
