//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// One of two instances dies at each step of the protocol and is started again, to die at the next one, while the other one goes on; then the
// other one. Every third time it comes back on a machine that has nothing of it.
func TestKillAtEachStepOfTwo(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newCountFleet(t, sharedCluster(t), newRand(t), 4, guarantee)
		stop := w.stream(300)
		names := []string{"one", "two"}
		for _, name := range names {
			w.launch(name)
		}
		w.settled()
		all := steps(guarantee)
		half := len(all) / 2
		for n, some := range [][]step{all[:half], all[half:]} {
			name := names[n]
			w.kill(name)
			for i, s := range some {
				w.out.during("%s is killed at %s, hit %d", name, s.point, s.hit)
				w.launch(name, fmt.Sprintf("FAILPOINTS=%s:%d=kill", s.point, s.hit)).killed(patience)
				w.gone(name)
				w.out.check()
				if i%3 == 2 {
					must(t, os.RemoveAll(filepath.Join(filepath.Dir(w.dir), "machines", name)))
				}
			}
			w.launch(name)
			w.settled()
		}
		stop()
		w.finish()
	})
}
