package runtime

import (
	"errors"
	"sync"
)

// errHalted ends the work of tasks whose attempt was given up. It never reaches a user.
var errHalted = errors.New("halted")

// gate lets the outputs of an epoch through to the producer only once the epoch is open. Tasks may run ahead into
// the next epoch while the one before is being committed; they keep their outputs meanwhile (ahead.go), and wait here when those are too many.
type gate struct {
	mu     sync.Mutex
	moved  sync.Cond
	epoch  uint64 // the newest that is open
	closed bool
}

func newGate() *gate {
	g := &gate{}
	g.moved.L = &g.mu
	return g
}

// open lets epoch through.
func (g *gate) open(epoch uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.epoch = epoch
	g.moved.Broadcast()
}

// passable says whether wait would return at once.
func (g *gate) passable(epoch uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.epoch >= epoch || g.closed
}

// wait returns when epoch is open, or errHalted.
func (g *gate) wait(epoch uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.epoch < epoch && !g.closed {
		g.moved.Wait()
	}
	if g.closed {
		return errHalted
	}
	return nil
}

// close turns everybody away, for good.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.moved.Broadcast()
}
