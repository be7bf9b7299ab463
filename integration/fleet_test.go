//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/internal/kafkatest"
	"github.com/weirstream/weir/runtime"
)

// fleetSession is the session timeout of instances that work side by side.
const fleetSession = 3 * time.Second

var fleetSettings = []string{"EXCHANGE=kafka", "SESSION_TIMEOUT=" + fleetSession.String(), "TRANSACTION_TIMEOUT=8s"}

// fleet is the instances of one job that work side by side, each as on a machine of its own: only the checkpoint store is shared.
type fleet struct {
	*job
	live map[string]*process
}

func newFleet(j *job) *fleet { return &fleet{job: j, live: map[string]*process{}} }

// own are the settings of an instance with a data folder of its own and the shared store.
func (j *job) own(name string) []string {
	return []string{
		"INSTANCE_ID=" + name, "DATA_DIR=" + filepath.Join(filepath.Dir(j.dir), "machines", name),
		"CHECKPOINT_STORE=file://" + filepath.Join(j.dir, "checkpoints"),
	}
}

// launch starts an instance and does not wait for it.
func (f *fleet) launch(name string, settings ...string) *process {
	f.t.Helper()
	p := f.start(append(f.own(name), settings...)...)
	f.live[name] = p
	return p
}

// gone forgets an instance that has ended.
func (f *fleet) gone(name string) { delete(f.live, name) }

func (f *fleet) kill(name string) {
	f.t.Helper()
	f.live[name].kill()
	f.gone(name)
}

func (f *fleet) stop(name string) {
	f.t.Helper()
	f.live[name].stop()
	f.gone(name)
}

// stopAll ends all in good order, one after the other.
func (f *fleet) stopAll() {
	f.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(f.live)) {
		f.stop(name)
	}
}

// status asks an instance.
func (p *process) status() (s runtime.Status, err error) {
	p.t.Helper()
	if p.ended() {
		p.t.Fatalf("%s ended with %v\n%s", p.name, p.cmd.ProcessState, p.log.tail(20))
	}
	text, err := p.get("/api/v1/status")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(text), &s)
}

// settled waits until the live instances share all partitions, of the source and of the repartition topic, and each works.
func (f *fleet) settled() {
	f.t.Helper()
	eventually(f.t, patience, "the partitions to be shared out", func() error {
		all := 0
		for name, p := range f.live {
			s, err := p.status()
			if err != nil {
				return err
			}
			if s.Phase != runtime.PhaseRunning {
				return fmt.Errorf("%s is %s", name, s.Phase)
			}
			all += s.Partitions
		}
		if want := 2 * f.partitions; all != want {
			return fmt.Errorf("%d of %d partitions are owned", all, want)
		}
		return nil
	})
}

// anyEnded names an instance that has ended by itself.
func (f *fleet) anyEnded() error {
	for name, p := range f.live {
		if p.ended() {
			return fmt.Errorf("%s ended with %v\n%s", name, p.cmd.ProcessState, p.log.tail(20))
		}
	}
	return nil
}

// countFleet is a word count by a fleet.
type countFleet struct {
	*fleet
	*feeder
	out *outputs
}

func newCountFleet(t *testing.T, c *kafkatest.Cluster, rng *rand.Rand, partitions int, guarantee string, settings ...string) *countFleet {
	t.Helper()
	w := newWordCount(t, c, rng, partitions, guarantee, append(slices.Clone(fleetSettings), settings...)...)
	w.out.more = guarantee == atLeastOnce
	return &countFleet{fleet: newFleet(w.job), feeder: w.feeder, out: w.out}
}

// caughtUp waits until everything fed so far is counted.
func (w *countFleet) caughtUp(within time.Duration) {
	w.fleet.t.Helper()
	if w.out.more {
		w.drained(within)
		return
	}
	want := w.truth.words()
	eventually(w.fleet.t, within, fmt.Sprintf("%d outputs", want), func() error {
		w.out.check()
		if err := w.anyEnded(); err != nil {
			w.fleet.t.Fatal(err)
		}
		if have := w.out.seen(); have < want {
			return fmt.Errorf("%d so far", have)
		}
		return nil
	})
}

// drained waits until everything that was fed is consumed and committed, here and behind the repartition topic. Without transactions there is
// nothing at the end of a topic but records.
func (f *fleet) drained(within time.Duration) {
	f.t.Helper()
	for _, topic := range []string{f.in, f.repartitionTopic()} {
		eventually(f.t, within, topic+" to be consumed", func() error {
			if err := f.anyEnded(); err != nil {
				f.t.Fatal(err)
			}
			ends, err := f.admin.openEnds(topic)
			if err != nil {
				return err
			}
			committed := f.admin.committed(f.id, topic)
			for p, e := range ends {
				if committed[p].At != e.high {
					return fmt.Errorf("partition %d: %d of %d", p, committed[p].At, e.high)
				}
			}
			return nil
		})
	}
}

// finish lets the live instances do what is left, and gives the verdict.
func (w *countFleet) finish() {
	w.fleet.t.Helper()
	w.caughtUp(patience)
	w.stopAll()
	w.out.verdict(w.truth.all())
	if w.out.exact {
		w.out.lastStates(w.truth.all())
	}
}
