package operators

import (
	"testing"
	"time"
)

// A partition is idle after a time without records; not while its records are held back, nor as soon as they are let go; and it stays idle over a
// restart.
func TestIdle(t *testing.T) {
	now, held := time.UnixMilli(1000), time.Time{}
	env := &Env{Now: func() time.Time { return now }, HeldBack: func() time.Time { return held }}
	c := newEventClock(NewTask(env), 0, time.Second)
	at := func(ms int64) bool {
		t.Helper()
		now = time.UnixMilli(ms)
		if err := c.tick(ms); err != nil {
			t.Fatal(err)
		}
		_, idle := c.progress()
		return idle
	}
	if at(1999) {
		t.Error("idle too early")
	}
	held = time.UnixMilli(1999)
	if at(2500) || at(2998) {
		t.Error("what is held back is not idle")
	}
	if !at(2999) {
		t.Error("not idle a second after it was let go")
	}
	if _, ok := c.nextTick(); ok {
		t.Error("there is nothing more to wait for")
	}
	env.Idle = true
	for after, want := range map[time.Duration]bool{time.Second: true, 0: false} {
		restored := newEventClock(NewTask(env), 0, after)
		if _, idle := restored.progress(); idle != want {
			t.Errorf("after a restart, IdleAfter(%v): idle %v", after, idle)
		}
		restored.seen = true
		if _, idle := restored.progress(); idle {
			t.Error("idle with a record")
		}
	}
}

// A watermark of 0 would be taken for none after a restart: event time would go back.
func TestWatermarkIsNeverZero(t *testing.T) {
	c := newEventClock(NewTask(&Env{Now: time.Now}), 0, 0)
	for _, s := range []struct{ latest, want int64 }{{0, -1}, {1, -1}, {2, 1}, {3, 2}} {
		c.latest, c.seen = s.latest, true
		if wm, _ := c.progress(); wm != s.want {
			t.Errorf("after a record of %d: %d, want %d", s.latest, wm, s.want)
		}
	}
}
