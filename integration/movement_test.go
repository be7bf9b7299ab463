//go:build integration

package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// warmTakeover is how soon a warm standby must process again what it has taken over.
const warmTakeover = 5 * time.Second

// ballast is what the job ballast keeps for each key.
const ballast = 16 << 10

// Two instances share a state of some size, and one is killed: how long until what it had is processed again. -weir.long makes it a gigabyte.
func TestStateMoves(t *testing.T) { // alone: what it does to brokers or measures needs the machine
	keys := 4 << 10
	if *flagLong {
		keys = 64 << 10
	}
	for _, standby := range []string{"2s", "0s"} {
		t.Run("standby "+standby, func(t *testing.T) {
			if !*flagLong {
				t.Parallel()
			}
			moveState(t, keys, standby)
		})
	}
}

func moveState(t *testing.T, keys int, standby string) {
	t.Helper()
	const partitions, session = 4, 6 * time.Second
	rng := newRand(t)
	// What the killed instance had under way holds back readers of the repartition topic until its transaction expires, which is before the session does.
	j := newProgram(t, sharedCluster(t), "ballast", partitions, nil, append(slices.Clone(fleetSettings),
		"SESSION_TIMEOUT="+session.String(), "TRANSACTION_TIMEOUT=5s", "STANDBY_INTERVAL="+standby, "CHECKPOINT_INTERVAL=200ms")...)
	w := &countFleet{fleet: newFleet(j), out: readOutputs(t, j.cluster.Bootstrap(), j.out, partitions, true)}
	w.feeder = newFeeder(t, j.cluster.Bootstrap(), j.in, partitions, newText(rng))
	w.launch("one")
	w.launch("two")
	w.settled()
	begin := time.Now()
	for some := range slices.Chunk(numbers(keys), 2000) {
		must(t, w.write(context.Background(), some))
	}
	w.caughtUp(10 * time.Minute)
	filled := time.Since(begin)
	stop := w.touch(rng, keys, 400)
	total := float64(keys) * ballast
	one := w.live["one"]
	if standby != "0s" {
		eventually(t, 10*time.Minute, "the standby to have all of the state", func() error {
			if have := one.metric("weir_state_bytes"); have < 0.9*total {
				return fmt.Errorf("%.0f of %.0f MB", have/1e6, total/1e6)
			}
			return nil
		})
	}
	time.Sleep(5 * time.Second) // ordinary work, and two more rounds of the standby
	pace := watchPace(t, w.admin, w.id, w.repartitionTopic())
	eventually(t, patience, "all partitions to be watched", func() error {
		if n := len(pace.longest()); n != partitions {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	before := one.metric("weir_state_bytes")

	killed := time.Now()
	w.kill("two")
	pace.reset()
	eventually(t, patience, "the survivor to be given all partitions", func() error {
		s, err := one.status()
		if err == nil && s.Partitions != 2*partitions {
			err = fmt.Errorf("it has %d", s.Partitions)
		}
		return err
	})
	assigned := time.Since(killed)
	eventually(t, 10*time.Minute, "the survivor to run", func() error {
		s, err := one.status()
		if err == nil && s.Phase != runtime.PhaseRunning {
			err = fmt.Errorf("it is %s", s.Phase)
		}
		return err
	})
	running := time.Since(killed)
	w.settled()
	pace.moved(t, time.Now())
	processing := time.Since(killed)
	takeover := processing - assigned
	moved := float64(keys) * ballast / 2
	t.Logf("standby %s: %.0f MB of state, filled in %v, the survivor held %.0f MB; after the kill: partitions assigned in %v, running in %v, all processing in %v: the takeover took %v (%.0f MB/s of what moved)",
		standby, total/1e6, filled.Round(100*time.Millisecond), before/1e6, assigned.Round(10*time.Millisecond), running.Round(10*time.Millisecond),
		processing.Round(10*time.Millisecond), takeover.Round(10*time.Millisecond), moved/1e6/takeover.Seconds())
	if standby != "0s" && takeover > warmTakeover {
		t.Errorf("the warm standby processed %v after it got the partitions, want at most %v", takeover, warmTakeover)
	}
	stop()
	w.finish()
}

func ballastKey(i int) string { return fmt.Sprintf("k%06d", i) }

// numbers are the names of all keys.
func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = ballastKey(i)
	}
	return all
}

// touch feeds about so many keys a second, at random.
func (w *countFleet) touch(rng *rand.Rand, keys, perSecond int) (stop func()) {
	end := w.again(50*time.Millisecond, func() []string {
		some := make([]string, perSecond/20)
		for i := range some {
			some[i] = ballastKey(rng.IntN(keys))
		}
		return some
	})
	return func() { must(w.fleet.t, end()) }
}

// ballastJob counts its keys, the words of a word count, with a state that is large and can't be compressed.
func ballastJob(prefix string) *stream.Job {
	job := stream.NewJob("ballast")
	in := stream.From(job, stream.Topics(prefix+"-in"), func(r *stream.Record) (string, error) { return strings.Clone(string(r.Value)), nil }, stream.UID("source"))
	byKey := stream.KeyBy(in, func(key string) string { return key }, stream.UID("by_word"), stream.Through(state.String{}))
	counts := stream.Process(byKey, func(s *stream.Setup) stream.ProcessFunc[string, string, stream.KV[string, int64]] {
		count, weight := stream.ValueState(s, "count", state.Int64{}), stream.ValueState(s, "ballast", state.Bytes{})
		return func(ctx *stream.Context[string, stream.KV[string, int64]], key string) error {
			n, there, err := count.Get()
			if err != nil {
				return err
			}
			if !there {
				if err := weight.Set(noise(key)); err != nil {
					return err
				}
			}
			ctx.Emit(stream.KV[string, int64]{Key: key, Value: n + 1})
			return count.Set(n + 1)
		}
	}, stream.UID("count"))
	stream.To(counts, prefix+"-out", func(c stream.KV[string, int64], out *stream.Output) error {
		out.Key = []byte(c.Key)
		out.Value = strconv.AppendInt([]byte(c.Key+" "), c.Value, 10)
		return nil
	}, stream.UID("sink"))
	return job
}

// noise is the same for the same key.
func noise(key string) []byte {
	n, _ := strconv.ParseUint(key[1:], 10, 64)
	rng := rand.New(rand.NewPCG(n, 0))
	b := make([]byte, ballast)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}
