//go:build integration

package integration

import (
	"testing"
	"time"
)

// The broker is killed, frozen and restarted under running jobs; with it go the coordinators of their groups and transactions, and
// deliveries that were under way fail. The processes stay the same, and what they give up is counted.
func TestBrokerInjured(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	c := ownCluster(t)
	rng := newRand(t)
	b := c.Brokers[0]
	freeze := func() {
		// On a busy machine the kernel's freezer may give up ("unable to freeze"): then nothing was frozen.
		eventually(t, patience, "the broker to be frozen", func() error { return b.Pause(t.Context()) })
		time.Sleep(4 * time.Second)
		must(t, b.Unpause(t.Context()))
	}
	injuries := []struct {
		name string
		do   func()
	}{
		{"killed and restarted", func() {
			must(t, b.Kill(t.Context()))
			time.Sleep(time.Second)
			must(t, b.Restart(t.Context()))
		}},
		{"frozen", freeze},
		{"stopped and restarted", func() {
			must(t, b.Stop(t.Context()))
			must(t, b.Restart(t.Context()))
		}},
	}
	var running []*wordCount
	var processes []*process
	var stops []func()
	for _, g := range guarantees {
		// No transaction may expire while the broker starts: Kafka (4.3) then drops the markers of its abort ("Couldn't find leader
		// endpoint for partitions … likely deleted already and hence can be skipped"), and the next commit of the same
		// producer id commits what was aborted. A single broker that is killed has nobody to take over meanwhile.
		w := newWordCount(t, c, rng, 2, g,
			"SESSION_TIMEOUT=20s", "TRANSACTION_TIMEOUT=30s", "KAFKA_MESSAGE_TIMEOUT_MS=2000", "CHECKPOINT_INTERVAL=1s")
		stops = append(stops, w.stream(200))
		p := w.run()
		p.commits(3)
		running, processes = append(running, w), append(processes, p)
	}
	// injure does it and waits until everything that was fed by the end of it is counted.
	injure := func(name string, do func()) {
		for _, w := range running {
			w.out.during("the broker is %s", name)
		}
		do()
		must(t, b.WaitReady(t.Context()))
		for i, p := range processes {
			if p.ended() {
				t.Fatalf("%s: %s ended with %v", name, p.name, p.cmd.ProcessState)
			}
			// A request to a coordinator that is gone is given up after socket.timeout.ms: a minute.
			running[i].out.await(running[i].truth.words(), 2*patience, p)
		}
	}
	for _, injury := range injuries {
		injure(injury.name, injury.do)
	}
	for _, stop := range stops {
		stop()
	}
	// A delivery fails if the broker freezes with one under way, and not in the midst of a commit. So it freezes while a job has more to do than it can.
	for i, p := range processes {
		before := p.metric("weir_aborts_total")
		for try := 1; p.metric("weir_aborts_total") == before; try++ {
			if try > 8 {
				t.Fatalf("%s: weir_aborts_total is %v after %d freezes longer than deliveries may take", guarantees[i], before, try-1)
			}
			injure("frozen for longer than deliveries may take", func() {
				stop := running[i].flood()
				freeze()
				stop()
			})
		}
	}
	for i, w := range running {
		w.finish(processes[i])
	}
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
