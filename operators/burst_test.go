package operators

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/state"
)

// A burst of timers whose function is slow ends before a barrier has waited long for it, by whichever clock they fire; few are due as well as many.
func TestSlowBursts(t *testing.T) {
	for _, domain := range []state.Domain{state.EventTime, state.ProcessingTime} {
		for _, due := range []int{30, 3 * burstCount} {
			t.Run(fmt.Sprintf("%v/%d", domain, due), func(t *testing.T) {
				slowBursts(t, domain, due)
			})
		}
	}
}

func slowBursts(t *testing.T, domain state.Domain, due int) {
	const each = 4 * time.Millisecond
	l := lendState(t)
	now := time.UnixMilli(42)
	l.Now = func() time.Time { return now }
	timers, err := state.NewTimers(l.State, "op", "timers")
	if err != nil {
		t.Fatal(err)
	}
	task := NewTask(&l.Env)
	task.key = new(string)
	a := newAlarm(task, task.operator("op"), state.String{}, timers)
	fired := 0
	a.fire = func(state.Due) error {
		fired++
		now = now.Add(each)
		return nil
	}
	for i := range due {
		l.State.SetKey(0, fmt.Append(nil, "k", i))
		if err := timers.Set(domain, 10, nil); err != nil {
			t.Fatal(err)
		}
	}
	step := func(what string, f func() error) {
		t.Helper()
		began, before := now, fired
		if err := f(); err != nil {
			t.Fatal(err)
		}
		if took := now.Sub(began); took > burstTime+each {
			t.Fatalf("%s fired %d timers and took %v, more than a burst and the timer that it ends with", what, fired-before, took)
		}
	}
	step("the watermark", func() error { return task.watermark(20) })
	for at, ok := task.nextTick(); ok && at <= now.UnixMilli(); at, ok = task.nextTick() {
		before := fired
		step("a tick", func() error { return task.tick(now.UnixMilli()) })
		if fired == before && fired < due {
			t.Fatalf("a tick fired none, %d of %d by now", fired, due)
		}
	}
	if fired != due {
		t.Errorf("%d of %d timers fired", fired, due)
	}
}
