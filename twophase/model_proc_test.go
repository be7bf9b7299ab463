package twophase

// The model's world, part 3: the processes, each with the Machine and a stand-in for the runtime that carries out its
// effects.

type life uint8

const (
	down life = iota
	up
	frozen // stopped like by SIGSTOP: it can go on at any time, knowing nothing of what has happened since
)

// proc is one slot for a process. Everything but local is lost in a crash.
type proc struct {
	life    life
	retired bool // another process has taken its place for good: it is never started again
	run     uint8
	tid     uint8
	local   ckpt // committed state on local disk

	m        Machine
	pend     [Stop + 1]uint8 // effects without an answer: their epoch + 1
	owned    bool            // it believes that it owns the partition
	lost     bool            // it does not, and is yet to be told
	aware    bool            // a refusal has told its client so: Lost comes before it starts over
	gen      uint8           // the group's generation, as captured with the assignment
	next     uint8           // that of an assignment which came before the Release of the one before
	pe       uint8           // its producer's epoch; 0: no usable producer
	inTxn    bool
	sent     bool   // the transaction holds something
	seen     record // the last decision it knows of
	applying ckpt   // what the pending Publish applies

	tasks     bool // tasks are running
	taskEpoch uint8
	begun     uint8
	pos       uint8
	mem       counts // the state the tasks see
	buf       counts // outputs of the begun epoch that are with the client
	held      counts // outputs of an epoch that has not begun
	sealed    ckpt   // the closing epoch's content
}

func (p *proc) has(op Op) bool { return p.pend[op] != 0 }

// unsettled reports whether something that can reach Kafka or the store has no answer.
func (p *proc) unsettled() bool {
	return p.has(Flush) || p.has(Store) || p.has(SendOffsets) || p.has(Commit) || p.has(Begin)
}

// halt stops the tasks and drops what they did. A barrier under way is never answered.
func (p *proc) halt() {
	p.tasks, p.taskEpoch, p.begun = false, 0, 0
	p.buf, p.held, p.sealed = 0, 0, ckpt{}
	p.pend[InjectBarrier] = 0
}

// die leaves only what a dead process leaves.
func (p *proc) die() {
	*p = proc{retired: p.retired, run: p.run, tid: p.tid, local: p.local}
	if p.retired {
		p.local = ckpt{}
	}
}

// world is everything: two processes, Kafka, the store.
type world struct {
	k      kafka
	s      store
	p      [2]proc
	runs   uint8
	faults uint8 // how many more may be injected
	bad    string
}

func (w *world) blame(what string) {
	if w.bad == "" {
		w.bad = what
	}
}

func (w *world) put(c ckpt) {
	if !w.s.put(c) {
		panic("the model's store is too small")
	}
}

// start starts a process in slot i.
func (x *explorer) start(w *world, i int) {
	p := &w.p[i]
	p.die()
	w.runs++
	p.run, p.life, p.m = w.runs, up, New(x.guarantee)
}

// exit ends a process; the group notices.
func (w *world) exit(i int) {
	w.p[i].die()
	w.kick(i)
}

// kick takes the partition from process i.
func (w *world) kick(i int) {
	if w.k.owner != int8(i) {
		return
	}
	w.k.owner, w.k.revoking = -1, false
	w.k.gen++
	if w.p[i].life != down {
		w.p[i].lost = true
	}
}

// deliver gives the machine an event and takes over the effects. It checks what effect.go promises about their order.
func (x *explorer) deliver(w *world, i int, ev Event) {
	p := &w.p[i]
	if ev.Kind == Failed {
		p.pend[ev.Op] = 0
	} else if op, ok := answered[ev.Kind]; ok {
		p.pend[op] = 0
	}
	for _, e := range x.step(&p.m, ev) {
		x.accept(w, i, e)
	}
}

var answered = map[EventKind]Op{
	Fenced: Fence, DecisionRead: ReadDecision, Restored: Restore, Began: Begin, Aligned: InjectBarrier,
	Flushed: Flush, Stored: Store, OffsetsSent: SendOffsets, Committed: Commit, Aborted: Abort, Released: Release,
}

func (x *explorer) accept(w *world, i int, e Effect) {
	p := &w.p[i]
	switch e.Op {
	case Abort, Fence, Restore, Release, Stop:
		if p.unsettled() {
			w.blame("order: " + e.Op.String() + " beside effects without an answer")
		}
	case Publish:
		x.publish(w, i) // in order: the one before must be done first
	}
	switch {
	case e.Op == Stop:
		x.met.stops[e.Reason] = true
		x.publish(w, i)
		w.exit(i)
		return
	case p.has(e.Op) && e.Op != InjectBarrier:
		w.blame("order: a second " + e.Op.String() + " beside the first")
	}
	p.pend[e.Op] = uint8(e.Epoch) + 1
	if e.Op == Publish {
		x.decided(w, p, e.Epoch)
	}
}

// assign gives the partition to a process. One that has not yet released it takes the assignment's generation only
// then: what is under way still belongs to the earlier one.
func (x *explorer) assign(w *world, i int) {
	p := &w.p[i]
	w.k.gen++
	w.k.owner = int8(i)
	if p.owned {
		p.next = w.k.gen
	} else {
		p.gen, p.owned = w.k.gen, true
	}
	x.deliver(w, i, Event{Kind: Assigned})
}

// letGo is Release.
func (w *world) letGo(i int) {
	p := &w.p[i]
	p.halt()
	switch {
	case p.next != 0:
		p.gen, p.next = p.next, 0
		return
	case w.k.owner == int8(i):
		w.k.owner, w.k.revoking = -1, false
	}
	p.owned = false
}
