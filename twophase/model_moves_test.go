package twophase

import "fmt"

// The model's world, part 5: everything that can happen next.

type act uint8

const (
	actStart act = iota
	actAssign
	actProcess
	actBarrier
	actPerform
	actTellLost
	actExpireRevoke
	actThaw
	actKick
	actArrive
	actVanish
	actExpireTxn
	// From here on only faults, or what somebody asks for: they use up the budget.
	actFail
	actFailTasks
	actCrash
	actFreeze
	actRevoke
	actShutdown
)

var actNames = [...]string{
	"start", "assign", "process", "barrier due", "do", "tell lost", "revoke expires", "thaw", "leaves the group",
	"delayed request arrives", "delayed request vanishes", "transaction expires", "fail", "tasks fail", "crash",
	"freeze", "revoke", "shutdown",
}

// how says what became of a failed effect, or of local state in a crash.
type how uint8

const (
	undone how = iota // it did not happen
	done              // it happened
	late              // it may happen later
)

// move is one thing that can happen.
type move struct {
	act   act
	who   uint8 // process, transactional id or delayed request
	op    Op
	cause Cause
	how   how
	fault bool
}

func (m move) String() string {
	s := fmt.Sprintf("%d: %s", m.who, actNames[m.act])
	switch m.act {
	case actPerform:
		s += " " + m.op.String()
	case actFail:
		s += fmt.Sprintf(" %v %v (%s)", m.op, m.cause, [...]string{"did not happen", "happened", "may happen later"}[m.how])
	case actFailTasks:
		s += " " + m.cause.String()
	case actCrash:
		if m.how == undone {
			s += ", local state lost"
		}
	}
	if m.fault {
		s = "✗ " + s
	} else {
		s = "  " + s
	}
	return s
}

// moves calls yield for everything that can happen in w.
func (x *explorer) moves(w *world, yield func(move)) {
	for i := range w.p {
		switch w.p[i].life {
		case up:
			x.ownMoves(w, i, yield)
			if w.faults > 0 {
				x.faultMoves(w, i, yield)
			}
		case frozen:
			yield(move{act: actThaw, who: uint8(i)})
			x.replace(w, i, yield)
		case down:
			if !w.p[i].retired && w.p[i].run != 0 {
				yield(move{act: actStart, who: uint8(i)})
			}
		}
	}
	x.brokerMoves(w, yield)
}

// replace: the group gives up on a frozen process, and a supervisor may start another with the same id.
func (x *explorer) replace(w *world, i int, yield func(move)) {
	if w.k.owner == int8(i) {
		yield(move{act: actKick, who: uint8(i)})
	}
	if other := 1 - i; x.cast == zombie && i == 0 && w.p[other].run == 0 {
		yield(move{act: actStart, who: uint8(other)})
	}
}

func (x *explorer) ownMoves(w *world, i int, yield func(move)) {
	p, who := &w.p[i], uint8(i)
	if p.tasks && p.pos < x.input {
		yield(move{act: actProcess, who: who})
	}
	if m := p.m; len(x.step(&m, Event{Kind: BarrierDue})) > 0 || m != p.m {
		yield(move{act: actBarrier, who: who})
	}
	for op := Fence; op < Stop; op++ {
		if x.enabled(w, i, op) {
			yield(move{act: actPerform, who: who, op: op})
		}
	}
	switch {
	case p.lost:
		yield(move{act: actTellLost, who: who})
	case w.k.owner == int8(i) && w.k.revoking:
		yield(move{act: actExpireRevoke, who: who})
	case w.k.owner < 0 && !p.retired && (p.m.Phase() == Idle || p.m.wish != stay && p.next == 0):
		yield(move{act: actAssign, who: who})
	}
}

func (x *explorer) brokerMoves(w *world, yield func(move)) {
	for i, r := range w.k.late {
		if r.kind != noRequest {
			yield(move{act: actArrive, who: uint8(i)})
			yield(move{act: actVanish, who: uint8(i)})
		}
	}
	for tid := range w.k.txn {
		if !w.k.txn[tid].ongoing {
			continue
		}
		live := w.inUse(uint8(tid))
		if !live || w.faults > 0 {
			yield(move{act: actExpireTxn, who: uint8(tid), fault: live})
		}
	}
}

// inUse reports whether a live process is inside the transaction: then its expiry is a fault, else a matter of time.
func (w *world) inUse(tid uint8) bool {
	for i := range w.p {
		p := &w.p[i]
		if p.life == up && p.inTxn && p.m.producer == usable && p.tid == tid && w.k.txn[tid].current(p.pe) {
			return true
		}
	}
	return false
}
