package runtime

import (
	"testing"

	"github.com/weirstream/weir/operators"
)

// What still comes to a task that rests behind its end goes out at once, though a timer is due, which does not fire: nothing else would send it on before
// the next barrier.
func TestRestingTaskSendsOn(t *testing.T) {
	work := lab(t, memStore(t), 1).behind(3, 0, labCounts)
	flushed := 0
	work.inbox, work.over = newInbox(1, 1), true
	work.chain = &operators.Chain{
		NextTick: func() (int64, bool) { return 1, true },
		Tick:     func(int64) error { t.Error("a timer fired behind the end"); return nil },
		Flush:    func() error { flushed++; return nil },
	}
	if err := work.settle(); err != nil || flushed != 1 {
		t.Errorf("flushed %d times, %v", flushed, err)
	}
	if err := work.tick(); err != nil {
		t.Error(err)
	}
}
