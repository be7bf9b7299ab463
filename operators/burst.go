package operators

import "time"

const (
	// burstCount is how many timers fire before a task looks at its input again.
	burstCount = 512
	// burstTime is how long a task fires before it looks: a barrier waits for that, and functions may be slow.
	burstTime = 10 * time.Millisecond
)

// burst is how many timers may still fire, and until when.
type burst struct {
	left  int
	now   func() time.Time // nil: however long it takes
	until time.Time
}

func (t *Task) newBurst() *burst {
	return &burst{left: t.burst, now: t.env.Now, until: t.env.Now().Add(burstTime)}
}

func (b *burst) over() bool { return b.left == 0 || b.now != nil && b.now().After(b.until) }
