//go:build integration

package integration

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
)

// decided is the checkpoint that the group's offsets name.
func (j *job) decided() checkpoint.ID {
	j.t.Helper()
	for _, o := range j.admin.committed(j.id, j.in) {
		m, ok, err := checkpoint.DecodeMetadata(o.Metadata)
		if err != nil || !ok {
			j.t.Fatalf("offset metadata %q: %v, %v", o.Metadata, ok, err)
		}
		return m.ID
	}
	j.t.Fatalf("group %s has committed nothing", j.id)
	return ""
}

// checkpointURL is where the last checkpoint of a stopped job is.
func (j *job) checkpointURL() string {
	return "file://" + j.storeDir() + "/manifest/" + string(j.decided())
}

// stoppedSavepoint makes a savepoint of a stopped job.
func (j *job) stoppedSavepoint(name string) (url string) {
	j.t.Helper()
	j.mustSavepoint("off", "create", "--name="+name)
	return j.savepointURL(name)
}

// fork is another job on the same input that starts where the savepoint stands, at which words had been counted as often as counted says.
func (w *wordCount) fork(name, url string, counted map[string]int, settings ...string) *wordCount {
	t := w.job.t
	t.Helper()
	j := *w.job
	j.id, j.out, j.starts = w.id+"-"+name, w.job.out+"-"+name, 0
	j.dir = filepath.Join(t.TempDir(), "data")
	must(t, w.sink.CreateTopic(t.Context(), j.out, j.partitions, nil))
	j.env = maps.Clone(w.env)
	j.set("JOB_ID="+j.id, "OUTPUT_TOPIC="+j.out, "DATA_DIR="+j.dir, "RESTORE_FROM="+url)
	j.set(settings...)
	f := &wordCount{job: &j, feeder: w.feeder, out: readOutputs(t, w.sink.Bootstrap(), j.out, j.partitions, w.out.exact)}
	f.out.begin(counted)
	return f
}

// begin takes counts for seen that a job has not written but started with.
func (o *outputs) begin(counted map[string]int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for word, n := range counted {
		o.words[word] = &wordOutput{times: slices.Repeat([]int{1}, n), last: n}
		o.distinct += n
	}
}

// stoppedCount is a word count that has stopped with all its input counted, and what it had counted by then.
func stoppedCount(t *testing.T, rng *rand.Rand, guarantee string, settings ...string) (w *wordCount, counted map[string]int) {
	t.Helper()
	w = newWordCount(t, sharedCluster(t), rng, 4, guarantee, settings...)
	w.feed(1500)
	p := w.run()
	w.catchUp(p)
	p.stop()
	return w, w.truth.all()
}

// steps of a start from a savepoint, in their order.
var inheritSteps = []string{"inherit-before", "inherit-base", "inherit-written", "inherit-commit", "inherit-after"}

// A fork starts from a savepoint, is killed at each step of that, starts again, and counts on, while nothing of the original changes. Then both
// run side by side, on the same input, and each counts right.
func TestStartFromSavepoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guarantee string
		settings  []string
	}{
		"memory":           {exactlyOnce, nil},
		"at least once":    {atLeastOnce, nil},
		"other key groups": {exactlyOnce, []string{"MAX_PARALLELISM=11", "PARALLELISM=3"}},
		"exchange kafka":   {exactlyOnce, []string{"EXCHANGE=kafka", "MAX_PARALLELISM=60"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, counted := stoppedCount(t, newRand(t), c.guarantee)
			url := w.stoppedSavepoint("one")
			before := w.footprint()
			w.feed(500)
			f := w.fork("fork", url, counted, c.settings...)
			for _, step := range inheritSteps {
				f.out.during("killed at %s", step)
				f.start("FAILPOINTS=" + step + "=kill").killed(patience)
				f.out.check()
			}
			p := f.run()
			p.says(patience, "the job has a commit point and goes on from it") // inherit-after: it was made
			f.catchUp(p)
			if after := w.footprint(); !maps.Equal(before, after) {
				t.Errorf("files and offsets of the original have changed:\n%v\n%v", before, after)
			}
			stop := w.stream(200)
			original := w.run()
			original.commits(5)
			p.kill()
			p = f.run()
			p.commits(5)
			stop()
			f.finish(p)
			w.finish(original)
		})
	}
}

// footprint are the files and the offsets of a job, but for what each instance says of itself at its start.
func (j *job) footprint() map[string]string {
	j.t.Helper()
	all := map[string]string{}
	for p, o := range j.admin.committed(j.id, j.in) {
		all[fmt.Sprint("offset ", p)] = fmt.Sprint(o.At, " ", o.Metadata)
	}
	store := j.openStore()
	defer store.Close()
	infos, err := store.List(j.t.Context(), j.id+"/")
	must(j.t, err)
	for _, info := range infos {
		if path.Base(path.Dir(info.Name)) != "instances" {
			all[info.Name] = fmt.Sprint(info.Size, " ", info.ModTime)
		}
	}
	return all
}

// Two instances that start together have the savepoint loaded by one of them, which dies on the way, and then by the other, which dies as well; a
// checkpoint does for a savepoint.
func TestStartFromSavepointTogether(t *testing.T) {
	t.Parallel()
	w, counted := stoppedCount(t, newRand(t), exactlyOnce)
	w.feed(500)
	c := w.fork("fleet", w.checkpointURL(), counted, fleetSettings...)
	f := newFleet(c.job)
	dying := []*process{f.launch("one", "FAILPOINTS=inherit-written=kill"), f.launch("two", "FAILPOINTS=inherit-written=kill")}
	for _, p := range dying {
		p.killed(patience)
	}
	for _, name := range []string{"one", "two"} {
		f.gone(name)
		f.launch(name)
	}
	f.settled()
	stop := w.stream(200)
	c.catchUp(f.live["two"])
	f.kill("two")
	f.launch("two")
	f.settled()
	stop()
	c.catchUp(f.live["one"])
	f.stopAll()
	c.verdict()
}

// A savepoint of a job at work, taken under load, starts a fork with the other exchange and other key groups; both count on to the same end.
func TestStartFromSavepointOfRunning(t *testing.T) {
	t.Parallel()
	t.Run("memory to kafka", func(t *testing.T) {
		t.Parallel()
		w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce)
		stop := w.stream(300)
		p := w.run()
		p.commits(5)
		w.mustSavepoint(p.addr, "create", "--name=live")
		_, counted := w.wantReplayed("live")
		c := w.fork("fork", w.savepointURL("live"), counted, append(fleetSettings, "MAX_PARALLELISM=50")...)
		f := newFleet(c.job)
		f.launch("one")
		f.launch("two")
		f.settled()
		stop()
		c.catchUp(f.live["one"])
		f.stopAll()
		c.verdict()
		w.finish(p)
	})
	t.Run("kafka to memory", func(t *testing.T) {
		t.Parallel()
		w := newCountFleet(t, sharedCluster(t), newRand(t), 4, exactlyOnce)
		stop := w.stream(300)
		w.launch("one")
		w.launch("two")
		w.settled()
		w.mustSavepoint(w.live["one"].addr, "create", "--name=live")
		_, counted := w.wantReplayed("live")
		original := &wordCount{job: w.job, feeder: w.feeder, out: w.out}
		f := original.fork("fork", w.savepointURL("live"), counted, "EXCHANGE=memory", "MAX_PARALLELISM=200")
		p := f.run()
		stop()
		f.finish(p)
		w.finish()
	})
}

// What a job has encrypted and compressed, a fork with the key starts from, and one without it does not.
func TestStartFromSavepointPacked(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600))
	w, counted := stoppedCount(t, newRand(t), exactlyOnce, "CHECKPOINT_COMPRESSION=zstd", "CHECKPOINT_ENCRYPTION_KEY_FILE="+key)
	w.feed(500)
	f := w.fork("fork", w.checkpointURL(), counted)
	p := f.start("CHECKPOINT_ENCRYPTION_KEY_FILE")
	if code := p.exit(patience); code != 4 {
		t.Errorf("without the key: exit code %d\n%s", code, p.log.tail(10))
	}
	f.finish(f.run())
}

// Two instances that would begin the same job with different things don't begin it.
func TestStartFromSavepointDisagreed(t *testing.T) {
	t.Parallel()
	w, counted := stoppedCount(t, newRand(t), exactlyOnce)
	c := w.fork("torn", w.checkpointURL(), counted, fleetSettings...)
	f := newFleet(c.job)
	one := f.launch("one", "FAILPOINTS=inherit-before=sleep=5s")
	one.says(patience, "making the job's first commit point")
	two := f.launch("two", "RESTORE_FROM")
	if code := two.exit(patience); code != 2 || !hasAll(two.log.String(), []string{"WEIR_RESTORE_FROM is not set here", `instance \"one\"`, "start from the same"}) {
		t.Errorf("exit code %d\n%s", code, two.log.tail(10))
	}
	if !one.ended() {
		one.kill()
	}
	f.launch("one")
	f.launch("two")
	f.settled()
	c.catchUp(f.live["two"])
	f.stopAll()
	c.verdict()
}

// What a savepoint has no place for is refused with exit code 4, named, and changes nothing.
func TestStartFromSavepointRefused(t *testing.T) {
	t.Parallel()
	w, counted := stoppedCount(t, newRand(t), exactlyOnce)
	url := w.stoppedSavepoint("one")
	refused := func(f *wordCount, code int, want ...string) {
		t.Helper()
		p := f.start()
		if got := p.exit(patience); got != code || !hasAll(p.log.String(), want) {
			t.Errorf("exit code %d, want %d, and %q\n%s", got, code, want, p.log.tail(10))
		}
		if n := f.admin.end(f.job.out); n != 0 {
			t.Errorf("%d outputs", n)
		}
	}
	refused(w.fork("other-job", url, counted, "JOB=classify"), 4, "no operator of the job has state", "WEIR_ALLOW_DROPPED_STATE")
	refused(w.fork("no-savepoint", url+"x", counted), 4, "there is none", "WEIR_RESTORE_FROM")
	refused(w.fork("other-input", url, counted, "INPUT_TOPICS="+w.job.out), 4, "which no source of the job reads")

	files, err := filepath.Glob(filepath.Join(w.storeDir(), "savepoint", "one", "data-*"))
	must(t, err)
	b, err := os.ReadFile(files[0])
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(files[0], b, 0o600))
	refused(w.fork("damaged", url, counted), 4, "is corrupt", filepath.Base(files[0]))

	lost := w.fork("lost-group", strings.TrimSuffix(url, "one")+"none", counted)
	lost.set("JOB_ID="+w.id, "CHECKPOINT_STORE=file://"+filepath.Dir(w.storeDir()))
	lost.admin.deleteGroup(w.id)
	refused(lost, 4, "has no committed offsets, but the checkpoint store")
}

// deleteGroup lets the broker forget the group's offsets.
func (a *admin) deleteGroup(group string) {
	a.t.Helper()
	ctx, cancel := ask()
	defer cancel()
	_, err := a.cl.DeleteGroups(ctx, group)
	must(a.t, err)
}
