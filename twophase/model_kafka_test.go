package twophase

// The model's world, part 2: Kafka. What is in here follows KIP-98 (transactions), KIP-447 (group metadata in
// SendOffsets, stable reads) and the first transaction protocol: a request carries the producer epoch and nothing that
// names its transaction, which is why a delayed one can hit a later transaction (KIP-890).

// kafka is the broker's side: coordinators, log and group.
type kafka struct {
	txn     [2]txn // by transactional id
	visible counts // outputs that read_committed readers see
	dec     record // the group's committed offset
	decided idents // every checkpoint that dec ever named
	late    [2]request

	gen      uint8 // the group's generation
	owner    int8  // the process that has the partition, or -1
	revoking bool  // the owner was asked to give it back
}

// txn is the coordinator's state of one transactional id.
type txn struct {
	pe      uint8 // the producer epoch: every lower one is fenced
	ongoing bool
	outs    counts
	hasOff  bool
	off     record
}

// request is one that its sender has given up but that may still arrive, once, at any time or never.
type request struct {
	kind requestKind
	tid  uint8
	pe   uint8 // producer epoch
	gen  uint8 // group generation
	outs counts
	ck   ckpt
}

type requestKind uint8

const (
	noRequest requestKind = iota
	lateEndTxnCommit
	lateEndTxnAbort
	lateProduce
	lateAddOffsets
	lateStore
	lateOffsetCommit // at least once
)

func (t *txn) current(pe uint8) bool { return pe == t.pe }

func (t *txn) abort() { *t = txn{pe: t.pe} }

// commit makes the transaction visible; its offsets, if any, are the decision.
func (k *kafka) commit(t *txn) {
	k.visible = k.visible.plus(t.outs)
	if t.hasOff {
		k.decide(t.off)
	}
	t.abort()
}

func (k *kafka) decide(r record) {
	k.dec = r
	k.decided.add(r.id)
}

// bump is InitProducerId: ends what is ongoing and fences every older producer.
func (t *txn) bump() uint8 {
	t.abort()
	t.pe++
	return t.pe
}

// pendingOffsets reports whether a stable read has to wait.
func (k *kafka) pendingOffsets() bool { return k.txn[0].hasOff || k.txn[1].hasOff }

// delay keeps a request for later. It reports false if there is no room in the model.
func (k *kafka) delay(r request) bool {
	for i := range k.late {
		if k.late[i].kind == noRequest {
			k.late[i] = r
			return true
		}
	}
	return false
}

// drop removes a delayed request; the free place is always the last, so that equal worlds look equal.
func (k *kafka) drop(i int) request {
	r := k.late[i]
	copy(k.late[i:], k.late[i+1:])
	k.late[len(k.late)-1] = request{}
	return r
}

// fenceOffsetCommits is Fence at least once: what was sent before does not arrive after it.
func (k *kafka) fenceOffsetCommits(gen uint8) {
	for i := len(k.late) - 1; i >= 0; i-- {
		if k.late[i].kind == lateOffsetCommit && k.late[i].gen == gen {
			k.drop(i)
		}
	}
}

// arrive carries out a delayed request.
func (x *explorer) arrive(w *world, r request) {
	t := &w.k.txn[r.tid]
	switch {
	case r.kind == lateStore:
		w.put(r.ck)
	case r.kind == lateOffsetCommit:
		if r.gen == w.k.gen {
			w.k.decide(r.ck.record())
		}
	case r.kind == lateProduce && x.guarantee == AtLeastOnce:
		w.k.visible = w.k.visible.plus(r.outs)
	case !t.current(r.pe):
	case r.kind == lateProduce:
		t.outs = t.outs.plus(r.outs) // outside a transaction it hangs until the next one of this epoch ends
	case r.kind == lateAddOffsets:
		t.addOffsets(r.ck.record())
	case !t.ongoing:
	case r.kind == lateEndTxnCommit:
		w.k.commit(t)
	case r.kind == lateEndTxnAbort:
		t.abort()
	}
}

func (t *txn) addOffsets(r record) {
	t.ongoing, t.hasOff, t.off = true, true, r
}
