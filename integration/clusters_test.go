//go:build integration

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirstream/weir/internal/kafkatest"
	"github.com/weirstream/weir/txn/commits"
)

// partedWordCount has its text on one broker and its counts on another.
func partedWordCount(t *testing.T, partitions int, guarantee string, settings ...string) *wordCount {
	t.Helper()
	return newWordCountOn(t, sharedCluster(t), sinkCluster(t), newRand(t), partitions, guarantee, settings...)
}

// The seed jobs, from one broker to the other.
func TestTwoClustersJobs(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		t.Run("copy", func(t *testing.T) {
			t.Parallel()
			testCopy(t, newJobOn(t, sharedCluster(t), sinkCluster(t), "copy", 3, "GUARANTEE="+guarantee))
		})
		if guarantee == atLeastOnce {
			return // an event that was classified twice is no error there, but what testClassify looks for
		}
		t.Run("classify", func(t *testing.T) {
			t.Parallel()
			testClassify(t, newJobOn(t, sharedCluster(t), sinkCluster(t), "classify", 2, "CLASSIFY_WINDOW=0"))
		})
	})
}

func TestTwoClustersKillAtRandom(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		rng := newRand(t)
		newWordCountOn(t, sharedCluster(t), sinkCluster(t), rng, 4, guarantee).killAtRandom(rng)
	})
}

// Death at each step, those that one cluster does not have among them: behind the first note in the group that decisions are elsewhere, and
// before its offsets follow a decision.
func TestTwoClustersKillAtEachStep(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		all := steps(guarantee)
		if guarantee == exactlyOnce {
			all = append([]step{{"claim-after", 1}, {"group-offsets-before", 1}}, append(all, step{"group-offsets-before", 2})...)
		}
		partedWordCount(t, 4, guarantee).killAtEach(all)
	})
}

// A frozen instance is replaced and thaws. No generation is checked where its outputs are: the transactional id alone fences it, whatever
// the name of its successor is.
func TestTwoClustersZombie(t *testing.T) {
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		for _, z := range zombies {
			t.Run(z.name, func(t *testing.T) {
				t.Parallel()
				z.run(partedWordCount(t, 4, guarantee, zombieSettings...))
			})
		}
	})
}

// Frozen in the midst of a commit, before and behind its decision record, and replaced by an instance of another name.
func TestTwoClustersZombieInCommit(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"produce-before:20", "send-offsets-before:5", "send-offsets-after:5", "commit-before:5", "commit-after:5"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			w := partedWordCount(t, 4, exactlyOnce, "SESSION_TIMEOUT=3s", "TRANSACTION_TIMEOUT=60s")
			stop := w.stream(300)
			old := w.start("FAILPOINTS=" + point + "=stop")
			old.frozen()
			rival := w.run(w.elsewhere("two")...)
			rival.commits(3)
			w.catchUpWhile(rival) // the frozen transaction holds nobody up
			w.out.during("thawed")
			old.thaw()
			if code := old.exit(patience); code != 3 {
				t.Errorf("the zombie ended with code %d, want 3\n%s", code, old.log.tail(10))
			}
			rival.ready()
			rival.commits(3)
			stop()
			w.finish(rival)
		})
	}
}

func TestTwoClustersFrozenAlone(t *testing.T) {
	t.Parallel()
	w := partedWordCount(t, 4, exactlyOnce, "SESSION_TIMEOUT=3s", "TRANSACTION_TIMEOUT=7s")
	stop := w.stream(300)
	p := w.start("FAILPOINTS=commit-before:5=stop")
	p.frozen()
	time.Sleep(9 * time.Second)
	p.thaw()
	p.ready()
	p.commits(3)
	stop()
	w.finish(p)
}

func TestTwoClustersExpiredTransaction(t *testing.T) {
	t.Parallel()
	w := partedWordCount(t, 2, exactlyOnce, "TRANSACTION_TIMEOUT=1s")
	stop := w.stream(300)
	p := w.run("FAILPOINTS=store-before:3=sleep=3s,commit-before:9=sleep=3s,send-offsets-after:17=sleep=3s")
	eventually(t, patience, "three epochs to be given up", func() error { return p.atLeast("weir_aborts_total", 3) })
	p.commits(2)
	stop()
	w.finish(p)
}

// Either broker goes away and comes back under the running job.
func TestTwoClustersBrokerInjured(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	source, sink := ownCluster(t), ownCluster(t)
	rng := newRand(t)
	var running []*wordCount
	var processes []*process
	var stops []func()
	for _, g := range guarantees {
		w := newWordCountOn(t, source, sink, rng, 2, g,
			"SESSION_TIMEOUT=20s", "TRANSACTION_TIMEOUT=30s", "KAFKA_MESSAGE_TIMEOUT_MS=2000", "CHECKPOINT_INTERVAL=500ms")
		stops = append(stops, w.stream(200))
		p := w.run()
		p.commits(3)
		running, processes = append(running, w), append(processes, p)
	}
	injuries := []struct {
		name string
		do   func(b *kafkatest.Broker)
	}{
		{"killed and restarted", func(b *kafkatest.Broker) {
			must(t, b.Kill(t.Context()))
			time.Sleep(time.Second)
			must(t, b.Restart(t.Context()))
		}},
		{"stopped and restarted", func(b *kafkatest.Broker) {
			must(t, b.Stop(t.Context()))
			must(t, b.Restart(t.Context()))
		}},
	}
	for name, c := range map[string]*kafkatest.Cluster{"the sink's": sink, "the source's": source} {
		for _, injury := range injuries {
			what := fmt.Sprintf("%s broker is %s", name, injury.name)
			for _, w := range running {
				w.out.during("%s", what)
			}
			injury.do(c.Brokers[0])
			must(t, c.Brokers[0].WaitReady(t.Context()))
			for i, p := range processes {
				if p.ended() {
					t.Fatalf("%s: %s ended with %v\n%s", what, p.name, p.cmd.ProcessState, p.log.tail(20))
				}
				running[i].out.await(running[i].truth.words(), 2*patience, p)
			}
		}
	}
	for i, w := range running {
		stops[i]()
		w.finish(processes[i])
	}
}

// The group's offsets follow on the sources' cluster, and the topic of decisions is what it has to be.
func TestTwoClustersFollow(t *testing.T) {
	t.Parallel()
	w := partedWordCount(t, 2, exactlyOnce)
	w.feed(500)
	w.finish(w.run())
	ends, err := w.admin.openEnds(w.in)
	must(t, err)
	committed := w.admin.committed(w.id, w.in)
	for p, e := range ends {
		pointer, ok, err := commits.DecodePointer(committed[p].Metadata)
		if committed[p].At != e.high || !ok || err != nil || !pointer.Decided {
			t.Errorf("partition %d ends at %d, its group is at %+v", p, e.high, committed[p])
		}
	}
	ctx, cancel := ask()
	defer cancel()
	configs, err := w.sinkAdmin.cl.DescribeTopicConfigs(ctx, commits.Topic(w.id).Name)
	must(t, err)
	got := map[string]string{}
	for _, c := range configs[0].Configs {
		got[c.Key] = c.MaybeValue()
	}
	for name, want := range commits.Topic(w.id).Config {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if topics, err := w.admin.cl.ListTopics(ctx, commits.Topic(w.id).Name); err != nil || topics[commits.Topic(w.id).Name].Err == nil {
		t.Errorf("the sources' cluster has a topic for decisions: %v", err)
	}
}

// The commit point stays where it is.
func TestTwoClustersElsewhere(t *testing.T) {
	t.Parallel()
	w := partedWordCount(t, 1, exactlyOnce)
	must(t, w.cluster.CreateTopic(t.Context(), w.job.out, 1, nil))
	w.feed(200)
	w.finish(w.run())
	w.feed(1)
	w.refused(refusal, []string{"SINK_BROKERS"}, 4, "commit point", commits.Topic(w.id).Name, "WEIR_SINK_BROKERS")
	w.refused(refusal, []string{"GUARANTEE=" + atLeastOnce}, 4, "commit point", "WEIR_GUARANTEE")
	w.finish(w.run())
}

// What the sinks' cluster lacks or forbids is said before anything is consumed, with the cluster's name.
func TestTwoClustersRefused(t *testing.T) {
	t.Parallel()
	topic := func(j *job) string { return commits.Topic(j.id).Name }
	for _, c := range []struct {
		name string
		do   func(j *job)
		says func(j *job) []string
	}{
		{"output topic on the wrong cluster", func(j *job) {
			must(t, j.cluster.CreateTopic(t.Context(), "else-"+j.out, 1, nil))
			j.set("OUTPUT_TOPIC=else-" + j.out)
		}, func(j *job) []string { return []string{"does not exist on the sink cluster", "else-" + j.out} }},
		{"decisions not compacted", func(j *job) { must(t, j.sink.CreateTopic(t.Context(), topic(j), 1, nil)) },
			func(j *job) []string { return []string{topic(j), "expected compact"} }},
		{"decisions in three partitions", func(j *job) { must(t, j.sink.CreateTopic(t.Context(), topic(j), 3, nil)) },
			func(j *job) []string { return []string{topic(j), "3 partitions, expected 1"} }},
		{"no permission to write decisions", func(j *job) {
			must(t, j.sink.CreateTopic(t.Context(), topic(j), 1, map[string]string{"cleanup.policy": "compact"}))
			j.forbid(deny(kadm.OpWrite).Topics(topic(j)), kadm.NewACLs().Topics(topic(j)))
		}, func(j *job) []string { return []string{topic(j), "no permission to write"} }},
		{"no permission to describe decisions", func(j *job) {
			must(t, j.sink.CreateTopic(t.Context(), topic(j), 1, map[string]string{"cleanup.policy": "compact"}))
			j.forbid(deny(kadm.OpDescribeConfigs).Topics(topic(j)), kadm.NewACLs().Topics(topic(j)))
		}, func(j *job) []string { return []string{topic(j), "sink cluster", "TOPIC_AUTHORIZATION_FAILED"} }},
		{"no permission for the transactional id", func(j *job) {
			j.forbid(deny(kadm.OpWrite).TransactionalIDs(j.id), kadm.NewACLs().TransactionalIDs(j.id))
		}, func(j *job) []string { return []string{`transactional id \"` + j.id + `\"`, "made of WEIR_JOB_ID)"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJobOn(t, sharedCluster(t), sinkCluster(t), "wordcount", 1)
			f := newFeeder(t, j.cluster.Bootstrap(), j.in, 1, newText(newRand(t)))
			f.feed(100)
			c.do(j)
			p := j.start()
			if code := p.exit(refusal); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			for _, text := range c.says(j) {
				if !strings.Contains(p.log.String(), text) {
					t.Errorf("it does not say %q\n%s", text, p.log.tail(5))
				}
			}
			if n := len(j.admin.committed(j.id, j.in)); n > 0 {
				t.Errorf("offsets of %d partitions are committed", n)
			}
		})
	}
}

// A sinks' cluster that cannot be reached is given up at the deadline, by name.
func TestTwoClustersUnreachableSink(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	newJobOn(t, sharedCluster(t), sinkCluster(t), "wordcount", 1).refused(8*time.Second, []string{"SINK_BROKERS=" + addr, "START_TIMEOUT=3s"}, 1, "sink cluster", addr)
}

// forbid makes a rule on the sinks' cluster.
func (j *job) forbid(rule, resource *kadm.ACLBuilder) {
	j.t.Helper()
	j.sinkAdmin.rule(allowOthers(resource.ResourcePatternType(kadm.ACLPatternLiteral)))
	j.sinkAdmin.rule(rule)
}
