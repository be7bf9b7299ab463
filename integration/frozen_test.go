//go:build integration

package integration

import (
	"testing"
	"time"
)

// Without a rival a frozen instance goes on in the same process, however long it slept and whatever it was about to do. The
// epoch that was open is given up, and that is counted.
func TestFrozenAlone(t *testing.T) {
	const transaction = 7 * time.Second
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		for _, point := range []string{"produce-before:20", "flush-before:5", "commit-before:5"} {
			for name, frozen := range map[string]time.Duration{"longer than the session": 5 * time.Second, "longer than the transaction": transaction + 2*time.Second} {
				t.Run(point+", "+name, func(t *testing.T) {
					t.Parallel()
					w := newWordCount(t, sharedCluster(t), newRand(t), 4, guarantee, "SESSION_TIMEOUT=3s", "TRANSACTION_TIMEOUT="+transaction.String())
					stop := w.stream(300)
					p := w.start("FAILPOINTS=" + point + "=stop")
					p.frozen()
					time.Sleep(frozen)
					w.out.during("thawed")
					p.thaw()
					p.ready()
					p.commits(3)
					stop()
					// After the session alone it may be committed yet: nobody has taken its place.
					if guarantee == exactlyOnce && frozen > transaction && p.metric("weir_aborts_total") == 0 {
						t.Error("weir_aborts_total is 0: the epoch that was open cannot have survived")
					}
					w.finish(p)
				})
			}
		}
	})
}
