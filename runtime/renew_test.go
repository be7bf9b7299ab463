package runtime_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirstream/weir/runtime"
)

// fenceOnce answers the next heartbeat as if another process had our name.
func (c *cluster) fenceOnce() (consumed func() bool) {
	var hit atomic.Bool
	c.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = kerr.FencedInstanceID.Code
		hit.Store(true)
		return resp, nil, true
	})
	return hit.Load
}

// A member that the group fences joins again if nobody has started under its name: it has fenced itself. Nothing is lost or counted twice.
func TestFencedWithoutRival(t *testing.T) {
	for _, exchange := range []string{"memory", "kafka"} {
		t.Run(exchange, func(t *testing.T) {
			c := newCluster(t, 2, "text", "word-counts")
			set := c.many("one")
			if exchange == "memory" {
				set = func(*runtime.Options) {}
			}
			fencedWithoutRival(t, c, set)
		})
	}
}

func fencedWithoutRival(t *testing.T, c *cluster, exchange setting) {
	lines, want := text(400)
	c.feed("text", lines[:200]...)
	l := c.start(exchange)
	l.until(t, "records read", read(200))
	consumed := c.fenceOnce()
	l.until(t, "a heartbeat", func(runtime.Status) bool { return consumed() })
	l.until(t, "another assignment", func(s runtime.Status) bool { return s.Phase != runtime.PhaseRunning })
	c.feed("text", lines[200:]...)
	c.finish(want, l)
}

// With one that has, the older process ends.
func TestFencedByRival(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(200)
	older := c.start(c.many("one"))
	older.until(t, "partitions", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning })
	c.feed("text", lines...)
	newer := c.start(c.many("one"), func(o *runtime.Options) { o.OpenShard = c.folder("elsewhere") })
	if err := older.end(t); !errors.Is(err, runtime.ErrRival) {
		t.Errorf("the older one says %v", err)
	}
	c.finish(want, newer)
}

// A position that is not in the log any more ends the epoch, not the instance: the decision record says where to go on.
func TestPositionOutOfRange(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(400)
	c.feed("text", lines[:200]...)
	l := c.start(c.many("one"))
	l.until(t, "records read", read(200))
	f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "text", Err: kerr.OffsetOutOfRange, Count: 1})
	l.until(t, "the fault", func(runtime.Status) bool { return f.Hits() > 0 })
	c.feed("text", lines[200:]...)
	c.finish(want, l)
}
