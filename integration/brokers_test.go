//go:build integration

package integration

import (
	"maps"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/kafkatest"
)

// Two instances on three brokers (three replicas, two in sync), of which one after the other is killed and comes back: with each go a third of
// the leaders, and the coordinators of the group and of transactions.
func TestThreeBrokers(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	settings := maps.Clone(brokerSettings)
	settings["KAFKA_HEAP_OPTS"] = "-Xmx256m"
	c := kafkatest.New(t, kafkatest.Options{Brokers: 3, Env: settings})
	newAdmin(t, c.Bootstrap()).coordinators()
	every, rounds := 12*time.Second, 3
	if *flagLong {
		every, rounds = 20*time.Second, 12
	}
	w := newCountFleet(t, c, newRand(t), 4, exactlyOnce, "SESSION_TIMEOUT=10s", "TRANSACTION_TIMEOUT=15s", "CHECKPOINT_INTERVAL=200ms")
	stop := w.stream(200)
	w.launch("one")
	w.launch("two")
	w.settled()
	for i := range rounds {
		begin := time.Now()
		b := c.Brokers[i%len(c.Brokers)]
		w.out.during("broker %d is killed, number %d", b.ID, i+1)
		must(t, b.Kill(t.Context()))
		time.Sleep(every / 3)
		must(t, b.Restart(t.Context()))
		must(t, b.WaitReady(t.Context()))
		time.Sleep(time.Until(begin.Add(every)))
		must(t, w.anyEnded())
		w.out.check()
	}
	stop()
	w.caughtUp(2 * patience)
	w.settled()
	w.finish()
}
