package runtime

import (
	"math"
	"sync"
	"time"

	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// pace aligns event time: it finds the partitions that are too far ahead of the slowest one (stream.AlignWatermarks). Source tasks note how far they
// are, the reader holds back what is ahead. Nil, it does nothing.
type pace struct {
	mu    sync.Mutex
	parts map[txn.Partition]*paced
	far   *far // nil: there are no other instances
}

// paced is one partition that takes part.
type paced struct {
	drift int64 // ms
	mark  mark
	held  bool
	until time.Time // when it was last held
}

// newPace is nil if no source asks for it.
func newPace(tasks []*task, far *far) *pace {
	c := &pace{parts: map[txn.Partition]*paced{}, far: far}
	for _, t := range tasks {
		if s := t.stage.Source; s != nil && s.MaxDrift > 0 {
			c.parts[t.partition] = &paced{drift: max(1, s.MaxDrift.Milliseconds()), mark: mark{wm: operators.NoWatermark}}
		}
	}
	if len(c.parts) == 0 {
		return nil
	}
	return c
}

// note takes how far a partition has come.
func (c *pace) note(p txn.Partition, m mark) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if part := c.parts[p]; part != nil {
		part.mark = m
	}
}

// ahead returns the partitions to be held back. A partition without a watermark counts as long as it has something to be read, which is never held back
// itself; the slowest never is. So somebody always comes on, or there is nothing to read in those that are waited for. blocks leaves out those that
// others hold back: see precedence.
func (c *pace) ahead(unread, blocks func(txn.Partition) bool) (held []txn.Partition) {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	least := int64(math.MaxInt64)
	for p, part := range c.parts {
		if !blocks(p) || part.mark.idle || part.mark.wm == operators.NoWatermark && !unread(p) {
			continue
		}
		least = min(least, part.mark.wm)
	}
	now := time.Now()
	c.far.each(now, func(p txn.Partition, wm int64) {
		if c.parts[p] == nil && blocks(p) {
			least = min(least, wm)
		}
	})
	for p, part := range c.parts {
		if part.held {
			part.until = now
		}
		if part.held = part.ahead(least); part.held {
			held = append(held, p)
		}
	}
	return held
}

func (p *paced) ahead(least int64) bool {
	switch p.mark.wm {
	case operators.NoWatermark, operators.EndOfTime:
		return false
	}
	// No sum overflows: least is either NoWatermark or a time.
	return least == operators.NoWatermark || p.mark.wm-p.drift > least
}

// active is when a partition was last held back; zero: never. One that is held back is not idle.
func (c *pace) active(p txn.Partition) time.Time {
	if c == nil {
		return time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	part := c.parts[p]
	switch {
	case part == nil:
		return time.Time{}
	case part.held:
		return time.Now()
	}
	return part.until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// tracked says whether the ends of a source's partitions have to be followed: offsets without records count as read.
func tracked(s *stream.SourceSpec) bool { return s.Bounded || s.First || s.MaxDrift > 0 }
