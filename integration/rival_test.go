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
	// rejoins: librdkafka notices that the session is over before it hears that its name was taken, and joins again under it. The last
	// to join has the name (KIP-345), so it may as well be the rival that ends.
	rejoins bool
}

var zombies = []zombie{
	{"another name, longer than the session", "two", 5 * time.Second, false, false},
	{"another name, longer than the transaction", "two", 12 * time.Second, true, false},
	{"same name, shorter than anything", "one", 0, false, false},
	{"same name, longer than the transaction", "one", 12 * time.Second, true, true},
}

// A frozen instance is replaced, and thaws while its successor works: it adds nothing, and ends with a clear word
// while the successor goes on.
func TestZombie(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		for _, z := range zombies {
			t.Run(z.name, func(t *testing.T) {
				t.Parallel()
				z.run(t, guarantee)
			})
		}
	})
}

func (z zombie) run(t *testing.T, guarantee string) {
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee, "SESSION_TIMEOUT=3s", "TRANSACTION_TIMEOUT=8s")
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
	ends, stays := old, rival
	if z.rejoins {
		ends, stays = firstToEnd(t, old, rival)
	}
	if code := ends.exit(patience); code != 3 {
		t.Errorf("%s ended with code %d, want 3", ends.name, code)
	}
	if z.rival == "one" {
		ends.says(0, "fenced by another process with the same instance id")
	} else {
		ends.says(0, "this instance lost its partitions, and", "works on them by now")
	}
	w.out.during("%s has ended", ends.name)
	stays.ready()
	stays.commits(3)
	stop()
	w.finish(stays)
}

func firstToEnd(t *testing.T, a, b *process) (ends, stays *process) {
	t.Helper()
	select {
	case <-a.done:
		return a, b
	case <-b.done:
		return b, a
	case <-time.After(patience):
		t.Fatalf("%s and %s have the same instance id and are both at work", a.name, b.name)
		return nil, nil
	}
}

// catchUpWhile waits until what was fed so far is counted, while more is fed.
func (w *wordCount) catchUpWhile(p *process) { w.out.await(w.truth.words(), patience, p) }
