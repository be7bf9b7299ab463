//go:build integration

package integration

import (
	"path/filepath"
	"testing"
	"time"
)

// What can't run soundly beside others is refused, with the words that help, and those that run go on.
func TestInstancesRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		running  []string // settings of the instance that works
		newcomer []string
		code     int
		says     []string
	}{
		{"memory beside kafka", nil, []string{"EXCHANGE=memory"}, 3, []string{"has member", "WEIR_EXCHANGE=memory"}},
		{"kafka beside memory", []string{"EXCHANGE=memory"}, nil, 3, []string{"has member", "WEIR_EXCHANGE=kafka", "the same exchange"}},
		{"a store that is not shared", nil, []string{"CHECKPOINT_STORE"}, 3, []string{"has member", "does not use WEIR_CHECKPOINT_STORE=", "a folder of this machine is not shared"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newCountFleet(t, sharedCluster(t), newRand(t), 2, exactlyOnce)
			stop := w.stream(200)
			one := w.launch("one", c.running...)
			one.ready()
			one.commits(2)
			before := one.metric("weir_rebalances_total")
			two := w.start(append(w.own("two"), c.newcomer...)...)
			if code := two.exit(patience); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			two.says(0, c.says...)
			one.commits(2)
			if n := one.metric("weir_rebalances_total") - before; n != 0 {
				t.Errorf("the one that works saw %v rebalances", n)
			}
			stop()
			w.finish()
		})
	}
}

// Two instances that can't see each other's checkpoints and start at the same moment, before either could find the other in the group: at the latest
// when both have joined it one is refused, or both are, and nothing is counted wrongly.
func TestStoresNotSharedAtOnce(t *testing.T) {
	t.Parallel()
	w := newCountFleet(t, sharedCluster(t), newRand(t), 2, exactlyOnce)
	stop := w.stream(200)
	one := w.launch("one", "CHECKPOINT_STORE=file://"+filepath.Join(w.dir, "store-one"))
	two := w.launch("two", "CHECKPOINT_STORE=file://"+filepath.Join(w.dir, "store-two"))
	var refused, other *process
	select {
	case <-one.done:
		refused, other = one, two
	case <-two.done:
		refused, other = two, one
	case <-time.After(patience):
		t.Fatal("neither was refused")
	}
	if code := refused.exit(patience); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	refused.says(0, "WEIR_CHECKPOINT_STORE", "is not shared")
	stop()
	if !other.ended() {
		other.kill()
	}
	w.out.check()
}

// With a commit point of one exchange a job does not start with the other one: what is under way in the repartition topics would be lost.
func TestExchangeSwitchRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to string }{{"memory", "kafka"}, {"kafka", "memory"}} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			t.Parallel()
			w := newCountFleet(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "LEAVE_GROUP=always")
			w.feed(300)
			p := w.launch("one", "EXCHANGE="+c.from)
			w.caughtUp(patience)
			p.stop()
			w.feed(100)
			w.refused(refusal, append(w.own("one"), "EXCHANGE="+c.to), 4, "WEIR_EXCHANGE="+c.from, "this instance has "+c.to, "WEIR_JOB_ID")
			w.launch("one", "EXCHANGE="+c.from)
			w.finish()
		})
	}
}

// stoppedFleet has counted some text, and nobody works on it any more.
func stoppedFleet(t *testing.T) *countFleet {
	t.Helper()
	w := newCountFleet(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "LEAVE_GROUP=always")
	w.feed(300)
	w.launch("one")
	w.caughtUp(patience)
	w.fleet.stop("one")
	return w
}

// Key groups are parted by the number of partitions of the repartition topics: once there is a commit point it must not change.
func TestRepartitionPartitionsChanged(t *testing.T) {
	t.Parallel()
	w := stoppedFleet(t)
	ctx, cancel := ask()
	defer cancel()
	r, err := w.admin.cl.CreatePartitions(ctx, 1, w.repartitionTopic())
	must(t, err)
	must(t, r.Error())
	w.refused(refusal, w.own("one"), 4, w.repartitionTopic(), "parted in 2", "3 partitions")
	w.out.check()
}

// A repartition topic was deleted, and Kafka has forgotten the offsets committed there: the job does not begin anew with what its sources still have.
func TestRepartitionTopicLost(t *testing.T) {
	t.Parallel()
	w := stoppedFleet(t)
	must(t, w.cluster.DeleteTopic(t.Context(), w.repartitionTopic()))
	w.refused(refusal, w.own("one"), 4, w.id, "committed offsets that name no checkpoint", "new WEIR_JOB_ID")
	w.out.check()
}
