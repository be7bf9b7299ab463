package runtime

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/operators"
)

func drawPolicy(t *rapid.T) RestartPolicy {
	first := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "delay"))
	return RestartPolicy{
		Delay: first, MaxDelay: first + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more")),
		Attempts: rapid.IntRange(0, 20).Draw(t, "attempts"), FailedCheckpoints: rapid.IntRange(0, 10).Draw(t, "checkpoints"), RecordAttempts: rapid.IntRange(1, 5).Draw(t, "record attempts"),
		Reset: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "reset")),
	}
}

// The first failure is not waited for. The n-th one is for at least half of the first delay doubled n-2 times and at most all of it, both
// capped, whatever chance says; and nobody waits twice for one.
func TestRestartDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPolicy(t)
		r := restarts{policy: p}
		full := p.Delay
		for n := 1; n <= rapid.IntRange(1, 200).Draw(t, "failures"); n++ {
			r.failed(nil)
			d := r.delay(rapid.Float64Range(0, 1).Draw(t, "chance"))
			if n == 1 {
				if d != 0 {
					t.Fatalf("the first failure is waited for: %v", d)
				}
				continue
			}
			if d < full/2 || d > full || full > p.MaxDelay {
				t.Fatalf("failure %d is waited for %v, want %v to %v", n, d, full/2, full)
			}
			if again := r.delay(0); again != 0 {
				t.Fatalf("waits another %v", again)
			}
			full = min(2*full, p.MaxDelay)
		}
	})
}

// Against a model that remembers everything that has happened.
func TestRestartCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := restarts{policy: drawPolicy(t)}
		var (
			now       = time.UnixMilli(0)
			inRow     int
			stores    int
			same      = map[operators.Culprit]int{}
			untold    = map[string]int{} // failures without a record, by operator, since the last commit
			wellSince time.Time
			culprits  = rapid.SampledFrom([]operators.Culprit{{}, {UID: "a"}, {UID: "a", Topic: "t"}, {UID: "a", Topic: "t", Offset: 1},
				{UID: "b", Topic: "t"}, {UID: "a", Timer: true, Offset: 5}, {UID: "a", Timer: true, Offset: 6}, {UID: "b", Timer: true}})
		)
		well := func(now time.Time) {
			if wellSince.IsZero() {
				wellSince = now
			}
			if now.Sub(wellSince) >= r.policy.Reset {
				inRow, stores = 0, 0
				clear(same)
				clear(untold)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "passes")))
			},
			"commit": func(*rapid.T) {
				r.committed(now)
				inRow, stores = 0, 0
				clear(untold)
				well(now)
			},
			"idle": func(*rapid.T) { r.healthy(now); well(now) },
			"store fails": func(t *rapid.T) {
				stores++
				wellSince = time.Time{}
				if got := r.storeFailed(); (got != "") != (stores > r.policy.FailedCheckpoints) {
					t.Fatalf("says %q", got)
				}
			},
			"fail": func(t *rapid.T) {
				var who *operators.Culprit
				tooMany := false
				if rapid.Bool().Draw(t, "of a task") {
					c := culprits.Draw(t, "where")
					who = &c
					n := 0
					if c.Topic == "" {
						untold[c.UID]++
						n = untold[c.UID]
					}
					if c.Topic != "" || c.Timer {
						same[c]++
						n = max(n, same[c])
					}
					tooMany = n >= r.policy.RecordAttempts
				}
				inRow++
				wellSince = time.Time{}
				tooMany = tooMany || r.policy.Attempts > 0 && inRow >= r.policy.Attempts
				if got := r.failed(who); (got != "") != tooMany {
					t.Fatalf("says %q", got)
				}
			},
		})
	})
}

// Some time without failures lets delays begin anew; commits alone don't.
func TestRestartDelaysBeginAnew(t *testing.T) {
	r := restarts{policy: DefaultRestartPolicy()}
	now := time.UnixMilli(0)
	for range 5 {
		r.failed(nil)
		now = now.Add(r.policy.Reset / 2)
		r.committed(now)
	}
	r.failed(nil)
	if d := r.delay(0); d != 1600*time.Millisecond {
		t.Errorf("the sixth failure is waited for %v", d)
	}
	r.committed(now)
	r.healthy(now.Add(r.policy.Reset))
	r.failed(nil)
	if d := r.delay(0); d != 0 {
		t.Errorf("after a quiet time a failure is waited for %v", d)
	}
}
