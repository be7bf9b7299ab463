//go:build integration

package integration

import (
	"testing"
	"time"
)

// The broker is killed, frozen and restarted under running jobs; with it go the coordinators of their groups and transactions. The
// processes stay the same.
func TestBrokerInjured(t *testing.T) {
	t.Parallel()
	c := ownCluster(t)
	rng := newRand(t)
	b := c.Brokers[0]
	injuries := []struct {
		name string
		do   func()
	}{
		{"killed and restarted", func() {
			must(t, b.Kill(t.Context()))
			time.Sleep(time.Second)
			must(t, b.Restart(t.Context()))
		}},
		{"frozen", func() {
			must(t, b.Pause(t.Context()))
			time.Sleep(4 * time.Second)
			must(t, b.Unpause(t.Context()))
		}},
		{"stopped and restarted", func() {
			must(t, b.Stop(t.Context()))
			must(t, b.Restart(t.Context()))
		}},
	}
	var running []*wordCount
	var processes []*process
	var stops []func()
	for _, g := range guarantees {
		w := newWordCount(t, c, rng, 2, g, "SESSION_TIMEOUT=20s")
		stops = append(stops, w.stream(200))
		p := w.run()
		p.commits(3)
		running, processes = append(running, w), append(processes, p)
	}
	for _, injury := range injuries {
		for _, w := range running {
			w.out.during("the broker is %s", injury.name)
		}
		injury.do()
		must(t, b.WaitReady(t.Context()))
		for i, p := range processes {
			if p.ended() {
				t.Fatalf("%s: %s ended with %v", injury.name, p.name, p.cmd.ProcessState)
			}
			running[i].catchUpWhile(p)
		}
	}
	for i, w := range running {
		stops[i]()
		w.finish(processes[i])
	}
}

// Deliveries fail because the output has too few replicas for a while: given up, counted, done again.
func TestFailedDelivery(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newWordCount(t, sharedCluster(t), newRand(t), 2, guarantee, "TRANSACTION_TIMEOUT=4s", "KAFKA_MESSAGE_TIMEOUT_MS=1500")
		stop := w.stream(200)
		p := w.run()
		p.commits(2)
		w.out.during("too few replicas")
		w.admin.alter(w.job.out, "min.insync.replicas", "2")
		eventually(t, patience, "an epoch to be given up", func() error { return p.atLeast("weir_aborts_total", 1) })
		w.admin.alter(w.job.out, "min.insync.replicas", "1")
		w.out.during("enough replicas again")
		stop()
		w.finish(p)
	})
}

// The broker aborts a transaction for its age: given up, counted, done again.
func TestExpiredTransaction(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "TRANSACTION_TIMEOUT=1s")
	stop := w.stream(300)
	p := w.run("FAILPOINTS=store-before:3=sleep=3s,commit-before:9=sleep=3s,send-offsets-before:17=sleep=3s")
	eventually(t, patience, "three epochs to be given up", func() error { return p.atLeast("weir_aborts_total", 3) })
	p.commits(2)
	stop()
	w.finish(p)
}
