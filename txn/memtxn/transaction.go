package memtxn

import (
	"slices"
	"time"

	"github.com/weirstream/weir/txn"
)

type outcome uint8

const (
	open outcome = iota
	committed
	aborted
)

// transaction is what one producer does between Begin and its end.
type transaction struct {
	state   outcome
	began   time.Time    // at its first partition or offset; zero before
	touched []*partition // in the order of their first records
	groups  []*group     // that hold offsets of it
}

func (t *transaction) start() {
	if t.began.IsZero() {
		t.began = time.Now()
	}
}

func (t *transaction) touch(p *partition) {
	t.start()
	if !slices.Contains(t.touched, p) {
		t.touched = append(t.touched, p)
	}
}

// end decides: markers, and the offsets that were held back. A transaction ends once.
func (c *Cluster) end(t *transaction, o outcome) {
	t.state = o
	for _, p := range t.touched {
		p.append(entry{marker: true})
	}
	for _, g := range t.groups {
		for p, pos := range g.pending[t] {
			if o == committed {
				g.offsets[p] = pos
			}
		}
		delete(g.pending, t)
	}
	c.wake()
}

// producerID is what the coordinator knows of a transactional id.
type producerID struct {
	epoch   int
	timeout time.Duration
	current *transaction // nil: none is open
}

// init fences older producers and aborts what they have open (KIP-98).
func (c *Cluster) init(name string, timeout time.Duration) (*producerID, int) {
	id := c.producers[name]
	if id == nil {
		id = &producerID{}
		c.producers[name] = id
	}
	id.fence(c)
	id.timeout = timeout
	return id, id.epoch
}

func (id *producerID) fence(c *Cluster) {
	id.epoch++
	if t := id.current; t != nil {
		id.current = nil
		c.end(t, aborted)
	}
}

// expire ends a transaction for its age; its producer is fenced by that.
func (id *producerID) expire(c *Cluster, now time.Time) {
	if t := id.current; t != nil && !t.began.IsZero() && now.Sub(t.began) > id.timeout {
		id.fence(c)
	}
}

// hold keeps offsets back until the transaction ends.
func (g *group) hold(t *transaction, offsets map[txn.Partition]txn.Position) {
	t.start()
	held := g.pending[t]
	if held == nil {
		held = map[txn.Partition]txn.Position{}
		g.pending[t] = held
		t.groups = append(t.groups, g)
	}
	for p, pos := range offsets {
		held[p] = pos
	}
}
