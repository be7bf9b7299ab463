//go:build integration

package integration

import (
	"testing"
	"time"
)

// A second instance looks at the group first: it does not join beside a live member, names it, and ends with code 3.
func TestSecondInstanceRefuses(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce, "SESSION_TIMEOUT=3s")
	stop := w.stream(300)
	p := w.run()
	p.commits(2)
	rebalances := p.metric("weir_rebalances_total")

	second := w.start(w.elsewhere("two")...)
	if code := second.exit(patience); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	second.says(0, `group \"`+w.id+`\" has member \"one\"`, "WEIR_EXCHANGE=memory", "WEIR_JOB_ID")
	if m := w.admin.members(w.id); len(m) != 1 || m[0] != "one" {
		t.Errorf("members: %q, want one alone", m)
	}
	if now := p.metric("weir_rebalances_total"); now != rebalances {
		t.Errorf("the first instance saw %v rebalances", now-rebalances)
	}
	p.commits(2)
	stop()
	w.finish(p)
}

// zombie is how an instance is frozen and who takes its place.
type zombie struct {
	name    string
	rival   string        // the rival's instance id; the frozen one's is "one"
	frozen  time.Duration // at least
	settled bool          // the rival has caught up before the thaw
}

var zombies = []zombie{
	{"another name, longer than the session", "two", 8 * time.Second, false},
	{"another name, longer than the transaction", "two", 14 * time.Second, true},
	{"same name, shorter than anything", "one", 0, false},
	{"same name, longer than the transaction", "one", 14 * time.Second, true},
}

// A frozen instance is replaced, and thaws while its successor works: it adds nothing, and ends with a clear word
// while the successor goes on.
func TestZombie(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		for _, z := range zombies {
			t.Run(z.name, func(t *testing.T) {
				t.Parallel()
				z.run(newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee, zombieSettings...))
			})
		}
	})
}

var zombieSettings = []string{"SESSION_TIMEOUT=5s", "TRANSACTION_TIMEOUT=10s"}

func (z zombie) run(w *wordCount) {
	t := w.job.t
	t.Helper()
	stop := w.stream(300)
	old := w.run()
	old.commits(3)
	old.freeze()
	begin := time.Now()
	w.out.during("frozen")
	rival := w.run(w.elsewhere(z.rival)...)
	rival.commits(3)
	if z.settled {
		w.catchUpWhile(rival)
	}
	time.Sleep(time.Until(begin.Add(z.frozen)))
	w.out.during("thawed after %v", time.Since(begin))
	old.thaw()
	if code := old.exit(patience); code != 3 {
		t.Errorf("the zombie ended with code %d, want 3", code)
	}
	if z.rival == "one" {
		old.says(0, "fenced by another process with the same instance id")
	} else {
		old.says(0, "this instance lost its partitions, and", "works on them by now")
	}
	w.out.during("the zombie has ended")
	rival.ready()
	rival.commits(3)
	stop()
	w.finish(rival)
}

// catchUpWhile waits until what was fed so far is counted, while more is fed.
func (w *wordCount) catchUpWhile(p *process) { w.out.await(w.truth.words(), patience, p) }
