package twophase

// The model's world, part 1: what is stored where. The input is one partition of a few records; record i gives output
// i. Everything is a small comparable value, so that a world can be looked up in a set.

// records is the largest length of the input: enough for three epochs of one record each.
const records = 3

// counts says how often each record is contained: two bits per record, saturating at 3. It stands for a set of
// outputs as well as for keyed state, in which a record applied twice or never must be visible.
type counts uint8

func (c counts) of(i int) int { return int(c>>(2*i)) & 3 }

func (c counts) plus(d counts) counts {
	var sum counts
	for i := range records {
		sum |= counts(min(c.of(i)+d.of(i), 3)) << (2 * i)
	}
	return sum
}

func one(i uint8) counts { return 1 << (2 * i) }

// prefix is what the records before n amount to, each once.
func prefix(n uint8) counts {
	var c counts
	for i := range n {
		c |= one(i)
	}
	return c
}

// ident is a checkpoint id: the run (one process start) and the epoch.
type ident struct{ run, epoch uint8 }

func (a ident) less(b ident) bool {
	return a.run < b.run || a.run == b.run && a.epoch < b.epoch
}

// ckpt is a checkpoint: the state after the first pos records.
type ckpt struct {
	id    ident
	pos   uint8
	state counts
}

// record is a decision record: the group's committed offset and the checkpoint id in its metadata.
type record struct {
	id  ident
	pos uint8
}

func (c ckpt) record() record { return record{c.id, c.pos} }

// store is the checkpoint store: written checkpoints by id. It survives every crash.
type store [8]ckpt

// put writes a checkpoint, over an older one of the same id. It reports whether there was room.
func (s *store) put(c ckpt) bool {
	for i, old := range s {
		switch {
		case old.id == c.id:
			s[i] = c
			return true
		case old.id == (ident{}) || c.id.less(old.id):
			full := s[len(s)-1].id != ident{}
			copy(s[i+1:], s[i:len(s)-1])
			s[i] = c
			return !full
		}
	}
	return false
}

func (s *store) get(id ident) (ckpt, bool) {
	for _, c := range s {
		if c.id == id {
			return c, true
		}
	}
	return ckpt{}, id == ident{} // the empty state needs no checkpoint
}

// collect removes what the run wrote before epoch: decided epochs that are superseded and undecided ones.
func (s *store) collect(before ident) {
	old := *s
	*s = store{}
	n := 0
	for _, c := range old {
		if c.id != (ident{}) && (c.id.run != before.run || c.id.epoch >= before.epoch) {
			s[n] = c
			n++
		}
	}
}

// newest is what a recovery finds that takes any prepared checkpoint for decided.
func (s *store) newest() ckpt {
	var last ckpt
	for _, c := range s {
		if last.id.less(c.id) {
			last = c
		}
	}
	return last
}

// idents is a set of checkpoint ids.
type idents [8]uint16

func (s *idents) add(id ident) { s[id.run] |= 1 << id.epoch }

func (s *idents) has(id ident) bool { return s[id.run]&(1<<id.epoch) != 0 }
