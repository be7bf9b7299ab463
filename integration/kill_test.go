//go:build integration

package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// Twenty times kill -9, at moments from the first steps of a start to the midst of the work.
func TestKillAtRandom(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		rng := newRand(t)
		newWordCount(t, sharedCluster(t), rng, 4, guarantee).killAtRandom(rng)
	})
}

func (w *wordCount) killAtRandom(rng *rand.Rand) {
	stop := w.stream(400)
	for i := range 20 {
		p := w.start()
		if rng.IntN(4) > 0 { // the others die on their way up
			p.ready()
		}
		after := time.Duration(rng.IntN(800)) * time.Millisecond
		w.out.during("kill %d, %v after the start", i+1, after)
		time.Sleep(after)
		p.kill()
		w.out.check()
	}
	stop()
	p := w.run()
	w.finish(p)
	w.out.lastStates(w.truth.all())
}

// step is a fail point and the hit at which it strikes.
type step struct {
	point string
	hit   int
}

// steps are all fail points on the way of an epoch that has no failure, in their order.
func steps(guarantee string) []step {
	all := []step{
		{"produce-before", 3}, {"barrier-before", 3}, {"barrier-after", 3},
		{"store-before", 3}, {"store-after", 3}, {"flush-before", 3}, {"flush-after", 3},
	}
	if guarantee == exactlyOnce {
		all = append(all, step{"send-offsets-before", 3}, step{"send-offsets-after", 3})
	}
	return append(all, step{"commit-before", 3},
		// In the midst of a commit means half a millisecond into it: what has happened by then differs.
		step{"commit-during", 1}, step{"commit-during", 2}, step{"commit-during", 3}, step{"commit-during", 4}, step{"commit-during", 5},
		step{"commit-after", 3}, step{"publish-before", 3}, step{"apply-before", 1}, step{"apply-after", 1})
}

// Death at each step of the protocol; after each one the work goes on where it stood. Every other time the local state is lost as
// well, and comes from the checkpoint store.
func TestKillAtEachStep(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee).killAtEach(steps(guarantee))
	})
}

func (w *wordCount) killAtEach(steps []step) {
	stop := w.stream(400)
	for i, s := range steps {
		w.out.during("killed at %s, hit %d", s.point, s.hit)
		p := w.start(fmt.Sprintf("FAILPOINTS=%s:%d=kill", s.point, s.hit))
		p.killed(patience)
		w.out.check()
		if i%2 == 1 {
			must(w.job.t, os.RemoveAll(w.stateDir()))
		}
	}
	stop()
	p := w.run()
	w.finish(p)
	w.out.lastStates(w.truth.all())
}

// The local state is only a copy: lost while the job stands still, it comes back from the checkpoint store.
func TestLocalStateLost(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee)
		for _, end := range []func(*process){(*process).kill, (*process).stop} {
			w.feed(2000)
			p := w.run()
			w.catchUp(p)
			end(p)
			if _, err := os.Stat(w.stateDir()); err != nil {
				t.Fatalf("there is no local state to lose: %v", err)
			}
			must(t, os.RemoveAll(w.stateDir()))
		}
		w.feed(2000)
		w.finish(w.run())
		w.out.lastStates(w.truth.all())
	})
}
