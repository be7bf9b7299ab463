package runtime

import (
	"fmt"
	"time"

	"github.com/weirstream/weir/operators"
)

// RestartPolicy says how work is taken up again after failures: at once after the first, then after delays that double from Delay up to
// MaxDelay, until there were too many failures.
type RestartPolicy struct {
	Delay, MaxDelay time.Duration
	// Attempts is how many failures in a row, without a commit between them, end the instance; 0: none do.
	Attempts int
	// Reset is how long work has to go well until all failures are forgotten: delays begin anew.
	Reset time.Duration
	// FailedCheckpoints is how many checkpoints in a row may fail in the store, without a commit between them; one more ends the instance. They
	// don't count as Attempts: a store may be away for longer than anything else has reason to.
	FailedCheckpoints int
	// RecordAttempts is how many failures on the same record or timer end the instance, with commits between them or without: it
	// will fail again.
	RecordAttempts int
}

// DefaultRestartPolicy is what holds if nothing else is asked for.
func DefaultRestartPolicy() RestartPolicy {
	return RestartPolicy{Delay: 100 * time.Millisecond, MaxDelay: 10 * time.Second, Attempts: 10, FailedCheckpoints: 30, Reset: 10 * time.Second, RecordAttempts: 3}
}

func (p *RestartPolicy) check(bad func(format string, args ...any)) {
	if p.Delay <= 0 || p.MaxDelay < p.Delay {
		bad("the restart delay is %v, at most %v; expected more than 0, and the longest not below the first", p.Delay, p.MaxDelay)
	}
	if p.Attempts < 0 || p.FailedCheckpoints < 0 || p.RecordAttempts < 1 || p.Reset <= 0 {
		bad("restart attempts are %d, failed checkpoints %d, attempts of a record %d, the time to forget %v; expected at least 0, 0, 1 and more than 0",
			p.Attempts, p.FailedCheckpoints, p.RecordAttempts, p.Reset)
	}
}

// restarts counts failures by a policy. It has no clock and no chance of its own.
type restarts struct {
	policy RestartPolicy
	inRow  int // failures since the last commit
	stores int // those of them that were the checkpoint store's
	recent int // failures that are not forgotten: the delay grows with them
	onSame map[operators.Culprit]int
	// of counts failures since the last commit by operator, where no source record can be blamed: after an abort the record that sets a timer
	// may set it to another time.
	of    map[string]int
	since time.Time // work goes well since then; zero: it has not since the last failure
	due   bool      // nobody has waited for the last failure yet
}

// healthy notes that work goes well: something was committed, or there is nothing to commit.
func (r *restarts) healthy(now time.Time) {
	if r.since.IsZero() {
		r.since = now
	}
	if now.Sub(r.since) >= r.policy.Reset {
		*r = restarts{policy: r.policy, since: r.since}
	}
}

// committed ends a row of failures. Delays stay as long as they were: a job may fail between any two commits.
func (r *restarts) committed(now time.Time) {
	r.inRow, r.stores, r.of = 0, 0, nil
	r.healthy(now)
}

// failed counts a failure; of a function of the job, if who is not nil. It says why there were too many, or nothing.
func (r *restarts) failed(who *operators.Culprit) (tooMany string) {
	r.count()
	if who != nil {
		if n := r.blame(*who); n >= r.policy.RecordAttempts {
			return fmt.Sprintf("failed %d times in the same place (WEIR_RECORD_ATTEMPTS), giving up", n)
		}
	}
	if n := r.own(); r.policy.Attempts > 0 && n >= r.policy.Attempts {
		return fmt.Sprintf("failed %d times without a commit between (WEIR_RESTART_ATTEMPTS), giving up", n)
	}
	return ""
}

// own is how many of the failures since the last commit were not the store's.
func (r *restarts) own() int { return r.inRow - r.stores }

// storeFailed counts a failure of the checkpoint store. It says why there were too many, or nothing.
func (r *restarts) storeFailed() (tooMany string) {
	r.count()
	if r.stores++; r.stores > r.policy.FailedCheckpoints {
		return fmt.Sprintf("the checkpoint store failed %d times without a commit between (WEIR_TOLERABLE_FAILED_CHECKPOINTS), giving up", r.stores)
	}
	return ""
}

func (r *restarts) count() {
	r.inRow++
	r.recent++
	r.since, r.due = time.Time{}, true
}

// blame counts a failure of a function and returns how many it has had in this place.
func (r *restarts) blame(who operators.Culprit) int {
	if r.onSame == nil {
		r.onSame = map[operators.Culprit]int{}
	}
	if r.of == nil {
		r.of = map[string]int{}
	}
	r.onSame[who]++
	if who.Topic != "" {
		return r.onSame[who]
	}
	r.of[who.UID]++
	if !who.Timer {
		return r.of[who.UID]
	}
	return max(r.onSame[who], r.of[who.UID])
}

// delay is how long to wait before work is taken up again; chance is from 0 up to 1. A failure is waited for once, however many steps its
// recovery has.
func (r *restarts) delay(chance float64) time.Duration {
	if !r.due || r.recent <= 1 {
		r.due = false
		return 0
	}
	r.due = false
	d := r.policy.MaxDelay
	if doublings := r.recent - 2; doublings < 62 && r.policy.Delay <= d>>doublings {
		d = r.policy.Delay << doublings
	}
	return d - time.Duration(chance*float64(d/2)) // jitter: instances that failed together come back apart
}
