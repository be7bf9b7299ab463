package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/weirstream/weir/txn"
)

const (
	// courtesyPause is the least time between two of its commits: people look at lag, and need it no fresher.
	courtesyPause    = 500 * time.Millisecond
	courtesyTimeout  = 5 * time.Second
	courtesyPatience = 2 * time.Second // of those who let it finish
)

// courtesy lets the group's offsets follow decisions that are made elsewhere. Nothing waits for it while records flow and nothing
// depends on it: newer positions replace those that are still to be sent, and what fails is told and counted.
type courtesy struct {
	in    *Instance
	hurry chan struct{}

	mu   sync.Mutex
	next *following    // to be sent
	done chan struct{} // closed when the sender ends; nil: none runs
	last time.Time     // when the sender began to send
}

type following struct {
	offsets map[txn.Partition]txn.Position
	meta    txn.GroupMetadata
}

func newCourtesy(in *Instance) *courtesy { return &courtesy{in: in, hurry: make(chan struct{}, 1)} }

// offer never blocks. One sender at a time keeps the order.
func (c *courtesy) offer(offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = &following{offsets, meta}
	if c.done == nil {
		c.done = make(chan struct{})
		go c.run(time.Until(c.last.Add(courtesyPause)))
	}
}

// run sends until there is nothing more to send.
func (c *courtesy) run(wait time.Duration) {
	for ; ; wait = courtesyPause {
		c.pause(wait)
		f := c.take()
		if f == nil {
			return
		}
		hit("group-offsets-before")
		ctx, cancel := context.WithTimeout(c.in.ctx, courtesyTimeout)
		err := c.in.consumer.Commit(ctx, f.offsets, f.meta)
		cancel()
		if err != nil {
			c.in.m.GroupOffsetsFailed()
			c.in.log.Info("the group's offsets did not follow a commit; tools show too much lag until they do", "err", err)
		}
	}
}

func (c *courtesy) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.hurry:
	case <-c.in.ctx.Done():
	}
}

// take returns what is to be sent now; nil ends the sender.
func (c *courtesy) take() *following {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.next
	c.next, c.last = nil, time.Now()
	if f == nil {
		close(c.done)
		c.done = nil
	}
	return f
}

// settle lets the sender finish, for a moment.
func (c *courtesy) settle(ctx context.Context) {
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	if done == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courtesyPatience)
	defer cancel()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case c.hurry <- struct{}{}:
		}
	}
}
