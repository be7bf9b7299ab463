//go:build integration

package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
)

// Instances join, leave, die, freeze and come back, with the work going on; every word is counted once.
func TestInstancesComeAndGo(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newCountFleet(t, sharedCluster(t), newRand(t), 4, guarantee)
		stop := w.stream(300)
		w.launch("one")
		w.settled()
		for _, step := range []struct {
			name string
			do   func()
		}{
			{"two joins", func() { w.launch("two", "LEAVE_GROUP=always") }},
			{"three joins", func() { w.launch("three") }},
			{"two leaves at once", func() { w.fleet.stop("two") }},
			{"two joins again", func() { w.launch("two") }},
			{"three is killed, and others take over", func() { w.kill("three") }},
			{"three comes back", func() { w.launch("three") }},
			{"one is killed and is back at once", func() { w.kill("one"); w.launch("one") }},
			{"two leaves and keeps its membership", func() { w.fleet.stop("two") }},
			{"one freezes for longer than its session and transaction", func() { w.frozen("one", 9*time.Second) }},
		} {
			w.out.during("%s", step.name)
			step.do()
			w.settled()
			w.out.check()
		}
		stop()
		w.finish()
	})
}

// frozen freezes an instance for so long, sees the others take its partitions over meanwhile, and thaws it: it joins them again.
func (f *fleet) frozen(name string, long time.Duration) {
	f.t.Helper()
	p := f.live[name]
	begin := time.Now()
	p.freeze()
	delete(f.live, name)
	f.settled()
	time.Sleep(time.Until(begin.Add(long)))
	p.thaw()
	f.live[name] = p
}

// A third instance of two partitions has nothing to do and waits, ready, for its turn.
func TestMoreInstancesThanPartitions(t *testing.T) {
	t.Parallel()
	w := newCountFleet(t, sharedCluster(t), newRand(t), 2, exactlyOnce)
	stop := w.stream(200)
	for _, name := range []string{"one", "two", "three"} {
		w.launch(name).ready()
	}
	phases := func() (running, standby int) {
		for _, p := range w.live {
			s, err := p.status()
			must(t, err)
			switch s.Phase {
			case runtime.PhaseRunning:
				running++
			case runtime.PhaseStandby:
				standby++
			}
		}
		return running, standby
	}
	eventually(t, patience, "two to work and one to wait", func() error {
		if running, standby := phases(); running != 2 || standby != 1 {
			return fmt.Errorf("%d run, %d wait", running, standby)
		}
		return nil
	})
	for name, p := range w.live {
		if s, err := p.status(); err == nil && s.Phase == runtime.PhaseRunning {
			w.kill(name)
			break
		}
	}
	w.settled()
	stop()
	w.finish()
}

// Two processes of the same name, in folders of their own: the newer one takes over, the older one ends with a clear word.
func TestSameInstanceTwice(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newCountFleet(t, sharedCluster(t), newRand(t), 4, guarantee)
		stop := w.stream(300)
		w.launch("one")
		first := w.launch("two")
		w.settled()
		second := w.start(append(w.own("two"), "DATA_DIR="+w.dir+"-another")...)
		if code := first.exit(patience); code != 3 {
			t.Errorf("the first one ended with code %d, want 3", code)
		}
		first.says(0, "fenced by another process with the same instance id")
		w.live["two"] = second
		w.settled()
		stop()
		w.finish()
	})
}
