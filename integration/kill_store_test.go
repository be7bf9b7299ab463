//go:build integration

package integration

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/internal/objecttest"
	"github.com/weirstream/weir/state"
)

// wantRetained restores the last n checkpoints of a stopped job, every byte verified: each holds what the input up to its offsets makes, and others, if the job
// started with them. It returns how many checkpoints are in the store.
func (j *job) wantRetained(n int, others map[string]int) (files int) {
	t := j.t
	t.Helper()
	store := j.openStore()
	defer store.Close()
	repo, err := checkpoint.NewRepository(store, j.id, "", checkpoint.Options{})
	must(t, err)
	id := j.decided()
	for range n {
		plan, err := repo.Plan(t.Context(), id, "")
		must(t, err)
		stream, err := repo.Stream(t.Context(), plan)
		must(t, err)
		want := j.replayCounts(snapshot.Header{Sources: plan.Manifest.Sources})
		maps.Copy(want, others)
		if got := countsOf(t, stream.Next); !maps.Equal(got, want) {
			t.Errorf("checkpoint %s holds %d words, and not what the input up to its offsets makes, which has %d", id, len(got), len(want))
		}
		must(t, stream.Close())
		id = plan.Manifest.Parent
	}
	infos, err := store.List(t.Context(), j.id+"/manifest/")
	must(t, err)
	return len(infos)
}

// countsOf decodes the state of word count.
func countsOf(t testing.TB, next checkpoint.Next) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for {
		e, ok, err := next()
		must(t, err)
		if !ok {
			return counts
		}
		_, _, key, _, err := state.SplitKey(e.Key)
		must(t, err)
		n, err := state.Int64{}.Decode(e.Value)
		must(t, err)
		counts[string(key)] = int(n)
	}
}

// eachStore runs f with the settings of a job whose checkpoints are in a folder, on an S3 server and in HDFS.
func eachStore(t *testing.T, f func(t *testing.T, settings ...string)) {
	t.Parallel()
	t.Run("file", func(t *testing.T) { t.Parallel(); f(t) })
	eachServer(t, func(t *testing.T, server *objecttest.Server) { f(t, "CHECKPOINT_STORE="+server.URL("weir")) })
}

// Death amid a base and amid the collection that a base lets follow, at one file after the other: all that is retained stays whole, what nobody names goes, and in the
// end little more than what is retained is left.
func TestKilledAmidBaseAndCollection(t *testing.T) { eachStore(t, killedAmidBaseAndCollection) }

func killedAmidBaseAndCollection(t *testing.T, settings ...string) {
	const retained = 3
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, append(settings, "CHECKPOINT_INTERVAL=5ms", "CHECKPOINTS_RETAINED=3")...)
	stop := w.stream(400)
	for i, point := range []string{"base-entry:100", "base-written:1", "delete-file:1", "delete-file:90", "collect-after:1"} {
		w.out.during("killed at %s", point)
		p := w.start("FAILPOINTS=" + point + "=kill")
		p.killed(3 * patience) // bases and collections take some hundred commits to be worth their while
		w.out.check()
		w.wantRetained(retained, nil)
		if i%2 == 1 {
			must(t, os.RemoveAll(w.stateDir()))
		}
	}
	stop()
	w.finish(w.run())
	if n := w.wantRetained(retained, nil); n > 1200 {
		t.Errorf("%d checkpoints are left, more than those since the last bases", n)
	}
	w.out.lastStates(w.truth.all())
}

// Death amid the restore of a base, at one read after the other and when all of it is loaded; half of the times with what the last one has left. A base that is
// half loaded is never taken for state, and nothing of the checkpoints changes.
func TestKilledWhileRestoring(t *testing.T) { eachStore(t, killedWhileRestoring) }

func killedWhileRestoring(t *testing.T, settings ...string) {
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, append(settings, "START_FROM=earliest")...)
	others := map[string]int{}
	rows := &strings.Builder{}
	for i := range 150_000 {
		word := fmt.Sprintf("%060d", i)
		others[word] = i
		fmt.Fprintf(rows, "{\"key\":%q,\"value\":%d}\n", word, i)
	}
	file := filepath.Join(t.TempDir(), "rows.jsonl")
	must(t, os.WriteFile(file, []byte(rows.String()), 0o600))
	made := "file://" + t.TempDir() + "/made"
	w.state("import", file, "--uid=count_words", "--name=count", "--kind=value", "--key-codec=string", "--value-codec=int64-be", "--to="+made)
	w.set("RESTORE_FROM=" + made)
	w.feed(500)
	p := w.run()
	w.catchUp(p)
	p.kill()
	checkpoints := w.footprint()
	for i, point := range []string{"restore-read:1", "restore-read:2", "restore-read:7", "restore-read:15", "restore-read:22", "restore-after:1"} {
		if i%2 == 0 {
			must(t, os.RemoveAll(w.stateDir()))
		}
		w.out.during("killed at %s", point)
		w.start("FAILPOINTS=" + point + "=kill").killed(patience)
		w.out.check()
		if now := w.footprint(); !maps.Equal(now, checkpoints) {
			t.Errorf("killed at %s, and files or offsets have changed:\n%v\n%v", point, checkpoints, now)
		}
	}
	w.wantRetained(2, others)
	w.feed(500)
	w.finish(w.run())
	w.wantRetained(2, others)
	w.out.lastStates(w.truth.all())
}
