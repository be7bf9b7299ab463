//go:build integration

package integration

import (
	"os"
	"testing"

	"github.com/weirstream/weir/internal/objecttest"
)

// The checkpoint store is killed and comes back, three times, under a job that works; then the job loses its local state and
// restores it from there.
func TestStoreKilled(t *testing.T) {
	t.Parallel()
	store := objecttest.S3(t)
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce, "CHECKPOINT_STORE="+store.URL("weir")+"&timeout=3s&attempts=2", "RESTART_MAX_DELAY=500ms")
	stop := w.stream(400)
	p := w.run()
	for i := range 3 {
		w.out.during("the store is killed, number %d", i+1)
		p.commits(3)
		failures := p.metric("weir_failed_checkpoints_total")
		store.Kill()
		eventually(t, patience, "three checkpoints that fail", func() error { return p.atLeast("weir_failed_checkpoints_total", failures+3) })
		store.Restart()
		w.out.check()
	}
	p.commits(3)
	p.kill()
	must(t, os.RemoveAll(w.stateDir()))
	p = w.run()
	stop()
	w.finish(p)
	w.out.lastStates(w.truth.all())
}
