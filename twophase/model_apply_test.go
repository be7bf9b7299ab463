package twophase

// The model's world, part 6: carrying out a move.

// apply returns the world after the move.
func (x *explorer) apply(w world, m move) world {
	i := int(m.who)
	if m.fault {
		w.faults--
	}
	switch m.act {
	case actStart:
		x.launch(&w, i)
	case actAssign:
		x.assign(&w, i)
	case actProcess:
		x.process(&w, i)
	case actBarrier:
		x.deliver(&w, i, Event{Kind: BarrierDue})
	case actPerform:
		x.perform(&w, i, m.op)
	case actTellLost:
		w.p[i].lost, w.p[i].aware, w.p[i].next = false, false, 0
		x.deliver(&w, i, Event{Kind: Lost})
	case actExpireRevoke:
		x.deliver(&w, i, Event{Kind: RevokeExpired})
	case actThaw:
		w.p[i].life = up
	case actKick:
		w.kick(i)
	case actArrive:
		x.arrive(&w, w.k.drop(i))
	case actVanish:
		w.k.drop(i)
	case actExpireTxn:
		w.k.txn[i].bump()
	default:
		x.inject(&w, i, m)
	}
	return w
}

// launch starts a process; one that takes a frozen one's place retires that one.
func (x *explorer) launch(w *world, i int) {
	if x.cast == zombie && i == 1 && w.p[1].run == 0 {
		w.p[0].retired = true
		w.kick(0) // the same static member: the group knows only the newer one
	}
	x.start(w, i)
}

// inject carries out a fault.
func (x *explorer) inject(w *world, i int, m move) {
	p := &w.p[i]
	switch m.act {
	case actFail:
		x.fail(w, i, m)
	case actFailTasks:
		p.injure(m.cause, &w.k.txn[p.tid])
		x.deliver(w, i, Event{Kind: Failed, Op: OpProcess, Epoch: Epoch(p.taskEpoch), Cause: m.cause})
	case actCrash:
		if m.how == undone {
			p.local = ckpt{}
		}
		w.exit(i)
	case actFreeze:
		p.life = frozen
	case actRevoke:
		w.k.revoking, p.next = true, 0
		x.deliver(w, i, Event{Kind: Revoked})
	case actShutdown:
		x.deliver(w, i, Event{Kind: Shutdown})
	}
}

// injure makes the cause true: a dead producer can't be used, a fenced one has an old epoch.
func (p *proc) injure(c Cause, t *txn) {
	switch {
	case c == ProducerDead:
		p.pe, p.inTxn = 0, false
	case c == ProducerFenced && p.pe != 0 && t.current(p.pe):
		t.bump()
	}
}

// fail answers an effect with a failure, after doing what really became of it.
func (x *explorer) fail(w *world, i int, m move) {
	p := &w.p[i]
	e := p.epochOf(m.op)
	switch m.how {
	case undone:
		x.leaveUndone(p, m.op)
		if m.op == Release {
			w.letGo(i) // the group takes what is not given
		}
	case done:
		x.doUnheard(w, i, m.op)
	case late:
		w.k.delay(x.request(p, m.op))
		x.leaveUndone(p, m.op)
	}
	if m.op != Store {
		p.injure(m.cause, &w.k.txn[p.tid])
	}
	if (m.op == Commit || m.op == Abort) && m.cause != Abortable {
		p.inTxn = m.cause == Fatal && p.inTxn
	}
	x.deliver(w, i, Event{Kind: Failed, Op: m.op, Epoch: e, Cause: m.cause})
}

// doUnheard carries out an effect whose answer gets lost.
func (x *explorer) doUnheard(w *world, i int, op Op) {
	p := &w.p[i]
	if op == Fence {
		w.k.txn[p.tid].bump()
		x.leaveUndone(p, op)
		return
	}
	x.transact(w, i, op)
}

// leaveUndone does the part of an effect that happens in the process in any case.
func (x *explorer) leaveUndone(p *proc, op Op) {
	switch op {
	case Flush:
		p.buf = 0
	case Fence:
		p.halt()
		p.pe, p.inTxn = 0, false
	case Abort, Restore:
		p.halt()
	}
}

// request is an effect as a request that is still under way when the process has given it up.
func (x *explorer) request(p *proc, op Op) request {
	r := request{tid: p.tid, pe: p.pe, gen: p.gen, ck: x.named(p)}
	switch {
	case op == Flush:
		r.kind, r.outs = lateProduce, p.buf
	case op == Store:
		r.kind = lateStore
	case op == SendOffsets:
		r.kind = lateAddOffsets
	case op == Abort:
		r.kind = lateEndTxnAbort
	case x.guarantee == AtLeastOnce:
		r.kind = lateOffsetCommit
	default:
		r.kind = lateEndTxnCommit
	}
	return r
}
