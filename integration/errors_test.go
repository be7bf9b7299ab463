//go:build integration

package integration

import (
	"fmt"
	"strings"
	"testing"
)

// errorPoints are the fail points that can put an error in the place of a step, in their order within an epoch.
func errorPoints(guarantee, class string) []string {
	all := []string{"produce", "store-before", "store-after", "flush-before", "flush-after"}
	if guarantee == exactlyOnce {
		all = append(all, "send-offsets-before", "send-offsets-after")
	}
	all = append(all, "commit-before")
	if class != "abort" { // which says that nothing was committed, and would be a lie there
		all = append(all, "commit-after")
	}
	return all
}

// Each class of error at each step: given up, and done again by the same process.
func TestErrorAtEachStep(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		for _, class := range []string{"abort", "new-producer", "fenced", "outcome-unknown", "own"} {
			t.Run(class, func(t *testing.T) {
				t.Parallel()
				w := newWordCount(t, sharedCluster(t), newRand(t), 2, guarantee)
				stop := w.stream(300)
				points := errorPoints(guarantee, class)
				var arm []string
				for i, point := range points {
					// Commits lie between two failures: two fences in a row are rightly taken for a rival.
					arm = append(arm, fmt.Sprintf("%s:%d=error-%s", point, 4*(i+1), class))
				}
				p := w.run("FAILPOINTS=" + strings.Join(arm, ","))
				for _, point := range points {
					w.out.during("%s at %s", class, point)
					p.says(patience, "injected at "+point)
				}
				w.out.during("after all errors")
				p.commits(2)
				stop()
				if aborts := p.metric("weir_aborts_total"); aborts < float64(len(points)) {
					t.Errorf("weir_aborts_total is %v after %d errors", aborts, len(points))
				}
				w.finish(p)
			})
		}
	})
}

// An abort that fails itself ends in a new producer.
func TestErrorInAbort(t *testing.T) {
	t.Parallel()
	for _, class := range []string{"abort", "new-producer", "fenced", "outcome-unknown"} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce)
			stop := w.stream(300)
			p := w.run("FAILPOINTS=commit-before:3=error-abort,abort-before:1=error-" + class)
			p.says(patience, "injected at commit-before", "injected at abort-before")
			p.commits(3)
			stop()
			w.finish(p)
		})
	}
}

// What no repetition helps against ends the process, with exit code 1, and costs nothing.
func TestFatalErrorEndsTheProcess(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newWordCount(t, sharedCluster(t), newRand(t), 2, guarantee)
		stop := w.stream(300)
		for _, point := range []string{"commit-before:3", "commit-after:3", "apply-before:1"} {
			p := w.start("FAILPOINTS=" + point + "=error-fatal")
			if code := p.exit(patience); code != 1 {
				t.Errorf("%s: exit code %d, want 1", point, code)
			}
		}
		stop()
		w.finish(w.run())
	})
}
