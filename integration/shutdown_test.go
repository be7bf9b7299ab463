//go:build integration

package integration

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// SIGTERM in the midst of the work: exit code 0 within 10 s, no member and no transaction left behind.
func TestShutdown(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee)
		stop := w.stream(1000)
		for range 3 {
			p := w.run()
			p.commits(2)
			p.stop() // checks the code and the time
			if m := w.admin.members(w.id); len(m) > 0 {
				t.Errorf("group %s still has members: %q", w.id, m)
			}
			ends, err := w.admin.openEnds(w.job.out)
			must(t, err)
			for partition, e := range ends {
				if e.stable != e.high {
					t.Errorf("%s/%d: last stable offset %d, end %d", w.job.out, partition, e.stable, e.high)
				}
			}
		}
		stop()
		w.finish(w.run())
		w.out.lastStates(w.truth.all())
	})
}

// Everything that SIGTERM finds processed is committed: nothing is repeated, even at-least-once.
func TestShutdownRepeatsNothing(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, atLeastOnce)
	stop := w.stream(500)
	for range 5 {
		p := w.run()
		p.commits(1)
		p.stop()
	}
	stop()
	w.finish(w.run())
	if w.out.repeats > 0 {
		t.Errorf("%d outputs came twice although every stop was orderly", w.out.repeats)
	}
}

// A second signal ends the process at once, with the exit code that a shell gives to such a death, whatever holds it up.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGTERM, 143}, {syscall.SIGINT, 130}} {
		t.Run(s.signal.String(), func(t *testing.T) {
			t.Parallel()
			w := newWordCount(t, sharedCluster(t), newRand(t), 1, exactlyOnce)
			stop := w.stream(300)
			p := w.run("FAILPOINTS=commit-before:5=sleep=30s")
			p.commits(4)
			p.signal(s.signal)
			p.says(patience, "stopping")
			begin := time.Now()
			p.signal(s.signal)
			if code := p.exit(patience); code != s.code || time.Since(begin) > 2*time.Second {
				t.Errorf("exit code %d after %v, want %d at once", code, time.Since(begin), s.code)
			}
			stop()
			w.finish(w.run())
		})
	}
}

// A stop that can't be orderly in time ends all the same within 10 s, not with 0, and costs nothing.
func TestShutdownTooLong(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 1, exactlyOnce)
	stop := w.stream(300)
	p := w.run("FAILPOINTS=commit-before:5=sleep=60s")
	// Only an epoch that hangs in its commit is older than ten intervals.
	eventually(t, patience, "the fifth commit to hang", func() error {
		if age := p.metric("weir_transaction_age_seconds"); age < 1 {
			return fmt.Errorf("the transaction is %v s old", age)
		}
		return nil
	})
	begin := time.Now()
	p.signal(syscall.SIGTERM)
	if code := p.exit(patience); code != 1 || time.Since(begin) > 10*time.Second {
		t.Errorf("exit code %d after %v, want 1 within 10s", code, time.Since(begin))
	}
	stop()
	w.finish(w.run())
}
