//go:build integration

package integration

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/checkpoint/snapshot"
)

// savepoint runs the command beside the job, against the instance that listens on addr.
func (j *job) savepoint(addr string, args ...string) (code int, out string) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), 2*patience)
	defer cancel()
	env, _ := j.environment(nil)
	env["WEIR_HTTP_ADDR"] = addr
	cmd := exec.CommandContext(ctx, processor(j.t), append([]string{"savepoint"}, args...)...)
	var b bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = list(env), &b, &b
	err := cmd.Run()
	if cmd.ProcessState == nil {
		j.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

// mustSavepoint is savepoint, which has to succeed: of a job that was killed when the broker has noticed.
func (j *job) mustSavepoint(addr string, args ...string) string {
	j.t.Helper()
	var out string
	eventually(j.t, patience, fmt.Sprintf("savepoint %q to succeed", args), func() error {
		var code int
		if code, out = j.savepoint(addr, args...); code != 0 {
			return fmt.Errorf("exit code %d: %s", code, out)
		}
		return nil
	})
	return out
}

func (j *job) savepointURL(name string) string {
	return "file://" + j.storeDir() + "/savepoint/" + name
}

func (j *job) openCounts(name string) (snapshot.Header, map[string]int) {
	j.t.Helper()
	return openCountsAt(j.t, j.savepointURL(name))
}

// openCountsAt reads a savepoint of word count, every byte of it.
func openCountsAt(t testing.TB, url string) (snapshot.Header, map[string]int) {
	t.Helper()
	sp, err := snapshot.OpenURL(t.Context(), url)
	must(t, err)
	defer sp.Close()
	must(t, sp.Verify(t.Context(), nil))
	stream, err := sp.Scan(t.Context(), 0, uint16(sp.Header().MaxParallelism-1))
	must(t, err)
	defer stream.Close()
	return sp.Header(), countsOf(t, stream.Next)
}

// replayCounts counts the words of the input up to a savepoint's offsets, independently of any job.
func (j *job) replayCounts(h snapshot.Header) map[string]int {
	t := j.t
	t.Helper()
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	for _, s := range h.Sources {
		if s.Offset > 0 {
			from[s.Partition], left[s.Partition] = kgo.NewOffset().At(0), s.Offset
		}
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(j.cluster.Bootstrap()), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{j.in: from}))
	must(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	counts := newTruth()
	for len(left) > 0 {
		must(t, ctx.Err())
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if end, open := left[r.Partition]; open && r.Offset < end {
				counts.add(string(r.Value))
				if r.Offset == end-1 {
					delete(left, r.Partition)
				}
			}
		})
	}
	return counts.counts
}

// wantReplayed: a savepoint holds what the input up to its offsets makes.
func (j *job) wantReplayed(name string) (snapshot.Header, map[string]int) {
	j.t.Helper()
	h, got := j.openCounts(name)
	if want := j.replayCounts(h); !maps.Equal(got, want) {
		j.t.Errorf("savepoint %s holds %v; the input up to its offsets makes %v", name, got, want)
	}
	return h, got
}

// A process dies in the midst of taking a savepoint: it is whole or absent, and the job goes on as ever.
func TestKilledWhileTakingSavepoint(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	w := newWordCount(t, sharedCluster(t), rng, 4, exactlyOnce, "SESSION_TIMEOUT=2s")
	stop := w.stream(400)
	for i, point := range []string{"savepoint-begun", "savepoint-filled", "savepoint-committed", "", "", "", ""} {
		name := fmt.Sprintf("%d-%s", i, point)
		w.out.during("killed at %s", name)
		arm := []string{}
		if point != "" {
			arm = append(arm, "FAILPOINTS="+point+"=kill")
		}
		p := w.run(arm...)
		w.out.await(w.out.seen()+1, patience, p)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.savepoint(p.addr, "create", "--name="+name) // fails in most cases
		}()
		if point == "" {
			time.Sleep(time.Duration(40+rng.IntN(120)) * time.Millisecond)
			p.kill()
		}
		p.killed(patience)
		<-done
		w.out.check()
		code, out := w.savepoint("off", "verify", name)
		switch whole := code == 0; {
		case whole:
			w.wantReplayed(name)
			if point == "savepoint-begun" || point == "savepoint-filled" {
				t.Errorf("killed at %s, and there is one", point)
			}
		case code != 4 || point == "savepoint-committed":
			t.Errorf("%s: exit code %d: %s", name, code, out)
		default:
			w.mustSavepoint("off", "create", "--name="+name) // what is left is in nobody's way
			w.wantReplayed(name)
		}
	}
	stop()
	w.finish(w.run())
	w.out.lastStates(w.truth.all())
	out := w.mustSavepoint("off", "list")
	if n := strings.Count(out, "\n"); n != 8 {
		t.Errorf("expected 7 savepoints, got:\n%s", out)
	}
}

// stop-with-savepoint under load: what readers have seen by then is what the savepoint accounts for, no more and no less.
func TestStopWithSavepoint(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce)
	stop := w.stream(400)
	p := w.run()
	w.out.await(500, patience, p)
	w.mustSavepoint(p.addr, "create", "--name=running")
	w.wantReplayed("running")
	w.mustSavepoint(p.addr, "create", "--name=end", "--stop")
	if code := p.exit(patience); code != 0 {
		t.Errorf("exit code %d", code)
	}
	h, got := w.wantReplayed("end")
	w.out.verdict(got)
	stop()
	w.mustSavepoint("off", "create", "--name=again")
	if again, counts := w.openCounts("again"); !maps.Equal(counts, got) || again.Checkpoints[0] != h.Checkpoints[0] {
		t.Errorf("a savepoint of the stopped job holds checkpoint %s, stopped with %s", again.Checkpoints, h.Checkpoints)
	}
	if out := w.mustSavepoint("off", "inspect", "end"); !strings.Contains(out, h.Checkpoints[0]) {
		t.Error(out)
	}
	w.mustSavepoint("off", "delete", "end")
	if code, out := w.savepoint("off", "verify", "end"); code != 4 {
		t.Errorf("exit code %d: %s", code, out)
	}
	w.finish(w.run())
}

// Savepoints over many instances, asked of any of them, while others die and come back.
func TestSavepointsOfFleet(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	w := newCountFleet(t, sharedCluster(t), rng, 4, exactlyOnce)
	stop := w.stream(400)
	w.launch("one")
	w.launch("two")
	w.settled()
	for i := range 6 {
		name := fmt.Sprint("s", i)
		w.out.during("savepoint %s", name)
		addr, done := w.live["one"].addr, make(chan struct{})
		go func() {
			defer close(done)
			w.mustSavepoint(addr, "create", "--name="+name)
		}()
		if i%2 == 1 { // amid the search, mostly
			time.Sleep(time.Duration(rng.IntN(800)) * time.Millisecond)
			w.kill("two")
			w.launch("two")
		}
		<-done
		w.wantReplayed(name)
		w.settled()
		w.out.check()
	}
	w.out.during("all stop with a savepoint")
	w.mustSavepoint(w.live["two"].addr, "create", "--name=end", "--stop")
	for _, name := range []string{"one", "two"} {
		if code := w.live[name].exit(patience); code != 0 {
			t.Errorf("%s: exit code %d", name, code)
		}
		w.gone(name)
	}
	_, got := w.wantReplayed("end")
	w.out.verdict(got)
	stop()
	w.launch("one")
	w.launch("two")
	w.finish()
}
