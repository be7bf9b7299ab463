package runtime_test

import (
	"sync/atomic"
	"testing"

	"github.com/weirstream/weir/runtime"
)

// What timers take up is told at barriers, for all tasks together, and in the next life as soon as they are loaded.
func TestTimerMemoryIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, "text", "word-counts")
	var told atomic.Int64
	tell := func(o *runtime.Options) { o.TimerMemory = told.Store }
	c.feed("text", "1 a", "1 b", "1 c", "1 d", "1 e")
	l := c.start(runs(t, alarms(0)), tell)
	l.until(t, "told", func(runtime.Status) bool { return told.Load() > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	before := told.Swap(0)
	l = c.start(runs(t, alarms(0)), tell)
	l.until(t, "told again", func(runtime.Status) bool { return told.Load() > 0 })
	if got := told.Load(); got > 2*before {
		t.Errorf("%d bytes in the second life, %d in the first", got, before)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
}
