package twophase

// The model's world, part 4: what effects do when nothing is injected. Kafka's own refusals (fenced, old generation)
// are part of that.

func (p *proc) epochOf(op Op) Epoch { return Epoch(p.pend[op] - 1) }

// enabled reports whether an effect can be carried out now.
func (x *explorer) enabled(w *world, i int, op Op) bool {
	p := &w.p[i]
	switch {
	case !p.has(op):
		return false
	case op == ReadDecision:
		return x.unstableRead || !w.k.pendingOffsets()
	case op == Restore:
		return !p.aware
	}
	return true
}

// perform carries out an effect and gives the answer.
func (x *explorer) perform(w *world, i int, op Op) {
	p := &w.p[i]
	e := p.epochOf(op)
	switch op {
	case Publish:
		x.publish(w, i)
		return
	case InjectBarrier:
		x.passBarrier(w, i, e)
		return
	case Fence:
		p.halt()
		p.inTxn, p.sent = false, false
		if t := &w.k.txn[p.tid]; !x.toothless || t.pe == 0 {
			t.bump()
		}
		p.pe = w.k.txn[p.tid].pe
		if !x.lateCommits {
			w.k.fenceOffsetCommits(p.gen)
		}
	case ReadDecision:
		p.seen = w.k.dec
		x.deliver(w, i, Event{Kind: DecisionRead, Decision: x.nameOf(p)})
		return
	case Restore:
		if !x.restore(w, i) {
			x.deliver(w, i, Event{Kind: Failed, Op: Restore, Cause: Abortable})
			return
		}
	case Release:
		w.letGo(i)
	default:
		if c := x.transact(w, i, op); c != 0 {
			x.deliver(w, i, Event{Kind: Failed, Op: op, Epoch: e, Cause: c})
			return
		}
	}
	x.deliver(w, i, Event{Kind: answerTo[op], Epoch: e})
}

// nameOf is Event.Decision: the epoch, if the record names this run.
func (x *explorer) nameOf(p *proc) Epoch {
	if p.seen.id.run != p.run && !x.idWithoutRun {
		return 0
	}
	return Epoch(p.seen.id.epoch)
}

// transact carries out an effect of an epoch, and returns why not, or 0.
func (x *explorer) transact(w *world, i int, op Op) Cause {
	p := &w.p[i]
	if op == Abort {
		p.halt()
	}
	if p.pe == 0 && op != Store {
		p.buf = 0
		return ProducerDead
	}
	switch op {
	case Begin:
		x.beginTxn(w, p, uint8(p.epochOf(Begin)))
	case Store:
		c := x.named(p)
		w.put(c)
		if x.collectEarly {
			w.s.collect(c.id)
		}
	case Flush:
		return x.flush(w, p)
	case SendOffsets:
		return x.sendOffsets(w, p)
	case Commit:
		return x.commit(w, p)
	case Abort:
		return x.abort(w, p)
	}
	return 0
}

// named is the closing checkpoint under its id.
func (x *explorer) named(p *proc) ckpt {
	c := p.sealed
	if !x.idWithoutRun {
		c.id.run = p.run
	}
	return c
}

func (x *explorer) passBarrier(w *world, i int, e Epoch) {
	p := &w.p[i]
	if p.sealed.id.epoch != uint8(e) {
		p.sealed = ckpt{id: ident{epoch: uint8(e)}, pos: p.pos, state: p.mem}
		p.taskEpoch = uint8(e) + 1
		if x.cast == alone {
			return // Aligned comes later: tasks may be in the next epoch before it
		}
	}
	x.deliver(w, i, Event{Kind: Aligned, Epoch: e})
}

// process reads one record, which gives one output.
func (x *explorer) process(w *world, i int) {
	p := &w.p[i]
	p.mem = p.mem.plus(one(p.pos))
	if p.taskEpoch == p.begun {
		p.buf = p.buf.plus(one(p.pos))
	} else {
		p.held = p.held.plus(one(p.pos))
	}
	p.pos++
	x.deliver(w, i, Event{Kind: Processed, Epoch: Epoch(p.taskEpoch)})
}

// decided notes what a Publish says at once; it is carried out at leisure.
func (x *explorer) decided(w *world, p *proc, e Epoch) {
	id := ident{p.run, uint8(e)}
	if x.idWithoutRun {
		id.run = 0
	}
	c, ok := w.s.get(id)
	if !ok {
		w.blame("(c) an epoch is published that is not in the store")
	}
	p.seen, p.applying = c.record(), c
}

// publish applies a decided epoch to local state and lets older files go.
func (x *explorer) publish(w *world, i int) {
	p := &w.p[i]
	if !p.has(Publish) {
		return
	}
	p.pend[Publish] = 0
	p.local, p.applying = p.applying, ckpt{}
	w.s.collect(p.local.id)
}

// restore brings state and position to the decision: from local disk if it stands there, else from the store. It
// fails if the checkpoint is gone, because another owner has gone on since the decision was read.
func (x *explorer) restore(w *world, i int) bool {
	x.publish(w, i)
	p := &w.p[i]
	pos := p.pos
	p.halt()
	if x.newestCheckpoint {
		p.seen = w.s.newest().record()
	}
	if p.local.id != p.seen.id {
		c, ok := w.s.get(p.seen.id)
		if !ok {
			return false
		}
		p.local = c
	}
	p.mem, p.pos = p.local.state, p.seen.pos
	if x.keepPosition {
		p.pos = max(pos, p.pos)
	}
	return true
}
