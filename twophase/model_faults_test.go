package twophase

// The model's world: what can be injected.

func (x *explorer) faultMoves(w *world, i int, yield func(move)) {
	p, who := &w.p[i], uint8(i)
	yield(move{act: actCrash, who: who, how: done, fault: true})
	if p.local.id != (ident{}) {
		yield(move{act: actCrash, who: who, how: undone, fault: true})
	}
	yield(move{act: actFreeze, who: who, fault: true})
	yield(move{act: actShutdown, who: who, fault: true})
	if w.k.owner == int8(i) {
		yield(move{act: actKick, who: who, fault: true})
		if !w.k.revoking {
			yield(move{act: actRevoke, who: who, fault: true})
		}
	}
	for c := Abortable; c <= Fatal; c++ {
		if p.tasks {
			yield(move{act: actFailTasks, who: who, cause: c, fault: true})
		}
		for op := Fence; op < Stop; op++ {
			x.failures(w, p, move{act: actFail, who: who, op: op, cause: c, fault: true}, yield)
		}
	}
}

// failures are the ways in which an effect can fail with a cause. Abortable and ProducerDead promise that it did not
// happen. The others promise nothing: a retried EndTxn can be told "fenced" after the first was carried out.
func (x *explorer) failures(w *world, p *proc, m move, yield func(move)) {
	if !p.has(m.op) || m.op == Publish || m.op == InjectBarrier && m.cause > Abortable {
		return
	}
	yield(m)
	if m.cause != OutcomeUnknown && m.cause != ProducerFenced || !reaches(m.op) {
		return
	}
	m.how = done
	yield(m)
	if w.k.late[len(w.k.late)-1].kind == noRequest && m.cause == OutcomeUnknown && m.op != Fence {
		m.how = late
		yield(m)
	}
}

// reaches reports whether an effect reaches Kafka or the store, so that its answer can get lost.
func reaches(op Op) bool {
	return op == Fence || op == Flush || op == Store || op == SendOffsets || op == Commit || op == Abort
}
