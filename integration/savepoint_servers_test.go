//go:build integration

package integration

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir/internal/objecttest"
)

// The whole way of savepoints on real servers, by the commands that people use: taken of a job at work, in its own store and elsewhere, listed, verified, read and
// changed by the state processor, started from, taken with the stop and of the stopped job, deleted.
func TestSavepointsOnServers(t *testing.T) {
	t.Parallel()
	eachServer(t, savepointsOn)
}

// eachServer runs f with an S3 server and with HDFS, side by side.
func eachServer(t *testing.T, f func(t *testing.T, server *objecttest.Server)) {
	t.Helper()
	for name, start := range map[string]func(testing.TB) *objecttest.Server{"s3": objecttest.S3, "hdfs": objecttest.HDFS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, start(t))
		})
	}
}

func savepointsOn(t *testing.T, server *objecttest.Server) {
	w := newWordCount(t, sharedCluster(t), newRand(t), 4, exactlyOnce, "CHECKPOINT_STORE="+server.URL("weir"))
	own := func(name string) string { return server.URL("weir/" + w.id + "/savepoint/" + name) }
	stop := w.stream(300)
	p := w.run()
	w.out.await(500, patience, p)

	w.out.during("savepoints of the job at work")
	w.mustSavepoint(p.addr, "create", "--name=live")
	w.mustSavepoint(p.addr, "create", "--to="+server.URL("else/where/copy"))
	for _, url := range []string{own("live"), server.URL("else/where/copy")} {
		h, got := openCountsAt(t, url)
		if want := w.replayCounts(h); !maps.Equal(got, want) {
			t.Errorf("%s holds %v; the input up to its offsets makes %v", h.Name, got, want)
		}
		if out := w.mustSavepoint("off", "verify", url); !strings.Contains(out, " is whole") {
			t.Error(out)
		}
	}
	if out := w.mustSavepoint("off", "list"); !strings.Contains(out, "live") || strings.Contains(out, "copy") {
		t.Error(out)
	}
	if out := w.mustSavepoint("off", "inspect", "live"); !hasAll(out, []string{w.id, "count_words", w.in}) {
		t.Error(out)
	}

	w.out.during("the state processor")
	_, counted := openCountsAt(t, own("live"))
	if out := w.state("scan", own("live"), "--uid=count_words", "--name=count"); strings.Count(out, "\n") != len(counted) {
		t.Errorf("scan shows other than %d words:\n%s", len(counted), out)
	}
	file := filepath.Join(t.TempDir(), "rows.jsonl")
	must(t, os.WriteFile(file, []byte(`{"key":"never-fed","value":7}`+"\n"), 0o600))
	w.state("import", file, "--uid=count_words", "--name=count", "--from="+own("live"), "--to="+server.URL("else/changed"))
	if _, got := openCountsAt(t, server.URL("else/changed")); got["never-fed"] != 7 || len(got) != len(counted)+1 {
		t.Errorf("%d words, want %d and never-fed 7", len(got), len(counted)+1)
	}

	w.out.during("a fork, and the stop with a savepoint")
	f := w.fork("fork", server.URL("else/changed"), counted, "CHECKPOINT_STORE="+server.URL("forks"))
	fork := f.run()
	w.mustSavepoint(p.addr, "create", "--name=end", "--stop")
	if code := p.exit(patience); code != 0 {
		t.Errorf("exit code %d", code)
	}
	h, got := openCountsAt(t, own("end"))
	if want := w.replayCounts(h); !maps.Equal(got, want) {
		t.Errorf("end holds %v; the input up to its offsets makes %v", got, want)
	}
	w.mustSavepoint("off", "create", "--name=stopped")
	if _, stopped := openCountsAt(t, own("stopped")); !maps.Equal(stopped, got) {
		t.Errorf("the savepoint of the stopped job holds %v, stopped with %v", stopped, got)
	}
	w.mustSavepoint("off", "delete", "live")
	w.mustSavepoint("off", "delete", server.URL("else/where/copy"))
	if code, out := w.savepoint("off", "verify", "live"); code != 4 {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out := w.mustSavepoint("off", "list"); strings.Contains(out, "live") || !hasAll(out, []string{"end", "stopped"}) {
		t.Error(out)
	}
	stop()
	f.finish(fork)
	must(t, os.RemoveAll(w.stateDir()))
	w.finish(w.run())
	for _, p := range []*process{p, fork} {
		if strings.Contains(p.log.String(), "testsecret") {
			t.Error("the log has the store's secret")
		}
	}
}
