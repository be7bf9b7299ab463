//go:build integration

package integration

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Topics that match the pattern are made while the job runs, and while it is killed; each is read from its beginning.
func TestPatternNewTopics(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "DISCOVERY_INTERVAL=500ms")
	w.set("INPUT_TOPICS=^" + w.in + ".*$")
	must(t, w.cluster.CreateTopic(t.Context(), "__"+w.in, 1, nil))
	p := w.run()
	stop := w.stream(200)
	for i := range 4 {
		topic := fmt.Sprintf("%s-%d", w.in, i)
		w.out.during("topic %d", i)
		must(t, w.cluster.CreateTopic(t.Context(), topic, 1+i, nil))
		more := newFeeder(t, w.cluster.Bootstrap(), topic, 1+i, w.text)
		more.truth = w.truth
		more.feed(500)
		switch i {
		case 1: // before it has been heard of, or while it is dealt out
			p.kill()
			p = w.run()
		case 2:
			w.catchUp(p)
			must(t, os.RemoveAll(w.stateDir()))
			p.kill()
			p = w.run()
		}
	}
	stop()
	if n := len(w.admin.committed(w.id, "__"+w.in)); n != 0 {
		t.Errorf("the internal topic has %d committed partitions", n)
	}
	w.finish(p)
}

// A topic grows while the job works on it.
func TestNewPartitions(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		rng := newRand(t)
		w := newWordCount(t, sharedCluster(t), rng, 2, guarantee, "DISCOVERY_INTERVAL=500ms")
		p := w.run()
		stop := w.stream(300)
		for parts := 3; parts <= 6; parts++ {
			w.out.during("%d partitions", parts)
			must(t, w.cluster.AddPartitions(t.Context(), w.in, parts))
			more := newFeeder(t, w.cluster.Bootstrap(), w.in, parts, w.text)
			more.truth = w.truth
			more.feed(500)
			if parts%2 == 0 { // in the midst of it
				time.Sleep(time.Duration(rng.IntN(700)) * time.Millisecond)
				p.kill()
				p = w.run()
			}
			w.out.check()
		}
		stop()
		w.finish(p)
		if n := len(w.admin.committed(w.id, w.in)); n != 6 {
			t.Errorf("%d partitions are committed, want 6", n)
		}
	})
}

// Topics are found and grow while two instances share the work; one of them dies on the way.
func TestNewTopicsManyInstances(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, "EXCHANGE=kafka", "DISCOVERY_INTERVAL=500ms", "SESSION_TIMEOUT=2s")
	w.set("INPUT_TOPICS=^" + w.in + ".*$")
	one := w.run()
	two := w.start(w.elsewhere("two")...)
	stop := w.stream(200)
	for i := range 3 {
		w.out.during("topic %d", i)
		topic := fmt.Sprintf("%s-%d", w.in, i)
		must(t, w.cluster.CreateTopic(t.Context(), topic, 1+i, nil))
		must(t, w.cluster.AddPartitions(t.Context(), w.in, 3+i))
		for in, parts := range map[string]int{topic: 1 + i, w.in: 3 + i} {
			more := newFeeder(t, w.cluster.Bootstrap(), in, parts, w.text)
			more.truth = w.truth
			more.feed(300)
		}
		if i == 1 {
			two.kill()
			two = w.start(w.elsewhere("two")...)
		}
		w.catchUp(one)
	}
	stop()
	w.catchUp(one)
	two.stop()
	w.finish(one)
}

// Each beginning, with a crash between the first decision and the first record, and another start after it.
func TestStartFrom(t *testing.T) {
	t.Parallel()
	c := sharedCluster(t)
	for _, name := range []string{"latest", "timestamp", "offsets"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			w := newWordCount(t, c, rng, 2, exactlyOnce)
			before := newFeeder(t, c.Bootstrap(), w.in, 2, newText(rng)) // what is skipped
			before.feed(1000)
			switch name {
			case "latest":
				w.set("START_FROM=latest")
			case "offsets":
				w.set(fmt.Sprintf("START_FROM=%s:0=500,%s:1=500", w.in, w.in))
				w.feed(400)
			case "timestamp":
				time.Sleep(5 * time.Millisecond) // timestamps have milliseconds
				w.set("START_FROM=" + time.Now().UTC().Format(time.RFC3339Nano))
				time.Sleep(5 * time.Millisecond)
				w.feed(400)
			}
			// Dead before the beginning is decided: nothing was processed, and the next one chooses.
			w.start("FAILPOINTS=commit-before:1=kill").killed(patience)
			w.start("FAILPOINTS=commit-after:1=kill").killed(patience)
			w.feed(600) // while nothing runs: from here on every start begins where the first one was decided
			p := w.start("FAILPOINTS=commit-before:1=kill")
			p.killed(patience)
			w.finish(w.run())
		})
	}
	t.Run("committed", func(t *testing.T) {
		t.Parallel()
		w := newWordCount(t, c, newRand(t), 2, exactlyOnce, "START_FROM=committed")
		p := w.start()
		if code := p.exit(patience); code != 2 {
			t.Fatalf("exit code %d", code)
		}
		if log := p.log.String(); !strings.Contains(log, "WEIR_START_FROM=committed") || !strings.Contains(log, w.id) {
			t.Fatal(log)
		}
		w.feed(200)
		p = w.run("START_FROM=earliest")
		w.catchUp(p)
		p.stop()
		w.feed(200)
		w.finish(w.run())
	})
}

// Many instances begin at the latest records, the same for all, though the one that chooses them dies before and behind its decision.
func TestStartFromLatestManyInstances(t *testing.T) {
	t.Parallel()
	c := sharedCluster(t)
	rng := newRand(t)
	w := newWordCount(t, c, rng, 4, exactlyOnce, append(slices.Clone(fleetSettings), "START_FROM=latest")...)
	newFeeder(t, c.Bootstrap(), w.in, 4, newText(rng)).feed(1000) // what is skipped
	w.start("FAILPOINTS=inherit-commit:1=kill").killed(patience)
	w.start("FAILPOINTS=inherit-after:1=kill").killed(patience)
	w.feed(600) // while nothing runs
	one := w.run()
	two := w.start(w.elsewhere("two")...)
	two.ready()
	w.feed(400)
	w.catchUp(one)
	two.stop()
	w.finish(one)
}

// A bounded word count is killed at its start, in the midst and near its end; what is written meanwhile is not read, and it ends by itself.
func TestBoundedKilled(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		rng := newRand(t)
		w := newWordCount(t, sharedCluster(t), rng, 3, guarantee, "BOUNDED=true", "CHECKPOINT_INTERVAL=20ms")
		w.feed(150_000)
		more := newFeeder(t, w.cluster.Bootstrap(), w.in, 3, newText(rng))
		for i, point := range []string{
			"commit-before:1=kill", "commit-after:1=kill", "produce-before:3=kill", "commit-before:3=kill", "commit-during:3=kill", "store-after:3=kill", "apply-before:1=kill",
		} {
			w.out.during("killed at %s", point)
			w.start("FAILPOINTS=" + point).killed(patience)
			if i > 0 { // the ends are decided
				more.feed(100)
			}
			if i%2 == 1 {
				must(t, os.RemoveAll(w.stateDir()))
			}
			w.out.check()
		}
		p := w.start()
		if code := p.exit(2 * patience); code != 0 {
			t.Fatalf("exit code %d\n%s", code, p.log.tail(20))
		}
		w.verdict()
		began, seen := time.Now(), w.out.seen()
		p = w.start()
		if code := p.exit(patience); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		t.Logf("a start of a finished job took %v", time.Since(began).Round(time.Millisecond))
		if w.out.readToEnd(); w.out.seen() != seen {
			t.Fatal("a finished job has written something")
		}
	})
}

// Many instances come to the end of bounded input, though one dies choosing the ends, and both on the way; what is written meanwhile is not read.
func TestBoundedManyInstances(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	w := newWordCount(t, sharedCluster(t), rng, 4, exactlyOnce, append(slices.Clone(fleetSettings), "BOUNDED=true", "CHECKPOINT_INTERVAL=50ms")...)
	w.feed(100_000)
	w.start("FAILPOINTS=inherit-commit:1=kill").killed(patience)
	w.start("FAILPOINTS=inherit-after:1=kill").killed(patience)
	more := newFeeder(t, w.cluster.Bootstrap(), w.in, 4, newText(rng))
	more.feed(100)
	one := w.start("FAILPOINTS=commit-before:3=kill")
	two := w.start(w.elsewhere("two")...)
	one.killed(patience)
	one = w.start()
	time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
	w.out.during("the other one is killed")
	two.kill() // or it has come to the end
	two = w.start(w.elsewhere("two")...)
	for _, p := range []*process{one, two} {
		if code := p.exit(2 * patience); code != 0 {
			t.Fatalf("exit code %d\n%s", code, p.log.tail(20))
		}
	}
	w.verdict()
	seen := w.out.seen()
	if code := w.start().exit(patience); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if w.out.readToEnd(); w.out.seen() != seen {
		t.Fatal("a job that is over has written something")
	}
}

// Empty input is input too.
func TestBoundedEmpty(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 3, exactlyOnce, "BOUNDED=true")
	for range 2 {
		if code := w.start().exit(patience); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	}
	w.verdict()
}
