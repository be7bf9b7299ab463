//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirstream/weir/checkpoint"
)

// stopped is a word count that has counted something and was stopped in good order; all that it will ever need is in
// the store and in Kafka.
func stopped(t *testing.T, lines []string, settings ...string) *wordCount {
	t.Helper()
	w := newWordCount(t, sharedCluster(t), newRand(t), 2, exactlyOnce, settings...)
	if lines == nil {
		lines = w.text.lines(500)
	}
	// Several checkpoints, so that there is an older one that could be used by mistake.
	for range 3 {
		must(t, w.write(t.Context(), lines))
		p := w.run()
		w.catchUp(p)
		p.stop()
	}
	w.feed(100) // something to consume
	return w
}

// decided is the id that the decision record names.
func (w *wordCount) decided() checkpoint.ID {
	w.job.t.Helper()
	for _, o := range w.admin.committed(w.id, w.in) {
		m, ok, err := checkpoint.DecodeMetadata(o.Metadata)
		if err != nil || !ok {
			w.job.t.Fatalf("metadata %q: %v", o.Metadata, err)
		}
		return m.ID
	}
	w.job.t.Fatal("no committed offsets")
	return ""
}

func (w *wordCount) manifestFile() string {
	return filepath.Join(w.storeDir(), "manifest", string(w.decided()))
}

const refusal = 20 * time.Second

// Files of the checkpoint that the decision record names: what can't be used is named, an older one is not taken in its place, and
// nothing is consumed. When the file is back, the job goes on as if nothing had happened.
func TestUnusableCheckpoint(t *testing.T) {
	t.Parallel()
	flip := func(at func(size int) int) func([]byte) []byte {
		return func(b []byte) []byte { b[at(len(b))] ^= 1; return b }
	}
	for _, c := range []struct {
		name  string
		local bool // the local state is still there
		harm  func([]byte) []byte
		says  string
	}{
		{"corrupt manifest", true, flip(func(int) int { return 80 }), "its first line is"},
		{"corrupt manifest, local state lost", false, flip(func(int) int { return 80 }), "its first line is"},
		{"corrupt delta, local state lost", false, flip(func(size int) int { return size - 20 }), "corrupt"},
		{"manifest cut short", true, func(b []byte) []byte { return b[:100] }, "it ends inside the manifest"},
		{"empty manifest", true, func([]byte) []byte { return nil }, "no first line of a manifest"},
		{"manifest of a newer version", true, newerFormat, "newer"},
		{"manifest missing", true, nil, "not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := stopped(t, nil)
			if !c.local {
				must(t, os.RemoveAll(w.stateDir()))
			}
			restore := harm(t, w.manifestFile(), c.harm)
			w.refused(refusal, nil, 4, string(w.decided()), "manifest/"+string(w.decided()), c.says)
			restore()
			w.finish(w.run())
		})
	}
}

// A delta too large to stand in the manifest has a file of its own, which is named as well.
func TestUnusableDeltaFile(t *testing.T) {
	t.Parallel()
	lines := make([]string, 2000)
	for i := range lines {
		for word := range 50 {
			lines[i] += fmt.Sprintf("quite_a_long_word_%06d ", 50*i+word)
		}
	}
	w := stopped(t, lines, "CHECKPOINT_INTERVAL=4s", "TRANSACTION_TIMEOUT=20s")
	files, err := filepath.Glob(filepath.Join(w.storeDir(), "delta", "*"))
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("no delta has a file of its own in %s", w.storeDir())
	}
	must(t, os.RemoveAll(w.stateDir()))
	newest := files[len(files)-1]
	for name, f := range map[string]func([]byte) []byte{
		"corrupt": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"short":   func(b []byte) []byte { return b[:len(b)/2] },
		"missing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			restore := harm(t, newest, f)
			w.job.t = t
			w.refused(refusal, nil, 4, "delta/"+filepath.Base(newest))
			restore()
		})
	}
	w.job.t = t
	w.finish(w.run())
}

// harm changes a file, or takes it away if how is nil, and returns what undoes it.
func harm(t *testing.T, file string, how func([]byte) []byte) (undo func()) {
	t.Helper()
	intact, err := os.ReadFile(file)
	must(t, err)
	if how == nil {
		must(t, os.Remove(file))
	} else {
		must(t, os.WriteFile(file, how(bytes.Clone(intact)), 0o600))
	}
	return func() { t.Helper(); must(t, os.WriteFile(file, intact, 0o600)) }
}

// newerFormat is the same manifest as a later version would write it: intact, with a higher format.
func newerFormat(b []byte) []byte {
	var format, body, delta int
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	if _, err := fmt.Sscanf(string(line), "weir-manifest %d %d %d", &format, &body, &delta); err != nil {
		panic(err)
	}
	prefix := fmt.Sprintf("weir-manifest %d %d %d", checkpoint.ManifestFormat+1, body, delta)
	sum := xxhash.New()
	_, _ = sum.WriteString(prefix)
	_, _ = sum.Write(rest[:body])
	return fmt.Appendf(nil, "%s %016x\n%s", prefix, sum.Sum64(), rest)
}

// A state folder that belongs to another job is left alone.
func TestStateOfAnotherJob(t *testing.T) {
	t.Parallel()
	w := stopped(t, nil)
	other := newJob(t, sharedCluster(t), "wordcount", 1)
	must(t, os.MkdirAll(other.stateDir(), 0o700))
	folder := filepath.Join(other.stateDir(), other.id)
	must(t, os.Rename(filepath.Join(w.stateDir(), w.id), folder))
	other.refused(refusal, nil, 4, "WEIR_STATE_DIR", folder, w.id)
	must(t, os.Rename(folder, filepath.Join(w.stateDir(), w.id)))
	w.finish(w.run())
}

// Two processes can't share a state folder.
func TestStateFolderInUse(t *testing.T) {
	t.Parallel()
	w := newWordCount(t, sharedCluster(t), newRand(t), 1, exactlyOnce)
	w.feed(100)
	p := w.run()
	second := w.start("INSTANCE_ID=two")
	if code := second.exit(patience); code != 3 && code != 4 {
		t.Errorf("exit code %d, want 3 or 4", code)
	}
	second.says(0, "WEIR_STATE_DIR", "in use by another process")
	w.finish(p)
}

// The broker forgets the offsets of a group that was stopped for long. The job has a committed checkpoint, so it does not
// start anew by itself: it names the ways on, and each of them works.
func TestOffsetsForgotten(t *testing.T) {
	t.Parallel()
	w := stopped(t, nil)
	ctx, cancel := ask()
	defer cancel()
	_, err := w.admin.cl.DeleteGroup(ctx, w.id)
	must(t, err)
	w.refused(refusal, nil, 4, w.id, "has no committed offsets", "offsets.retention.minutes", "new WEIR_JOB_ID", "remove the job's folder")
	// Nor does it without its local state.
	must(t, os.RemoveAll(w.stateDir()))
	w.refused(refusal, nil, 4, w.id, "has no committed offsets")

	must(t, os.RemoveAll(w.storeDir()))
	p := w.run()
	p.commits(1)
	p.stop()
	if n := len(w.admin.committed(w.id, w.in)); n != w.partitions {
		t.Errorf("offsets of %d partitions are committed after the start from nothing, want %d", n, w.partitions)
	}
}

// Records that were deleted before they were processed are lost; that is said, not skipped.
func TestRecordsDeleted(t *testing.T) {
	t.Parallel()
	w := stopped(t, nil)
	ctx, cancel := ask()
	defer cancel()
	ends, err := w.admin.cl.ListEndOffsets(ctx, w.in)
	must(t, err)
	r, err := w.admin.cl.DeleteRecords(ctx, ends.Offsets())
	must(t, err)
	must(t, r.Error())
	w.refused(refusal, nil, 4, w.in, "were deleted (retention) before they were processed", "Reset the group's offset")
}

// Somebody moved the committed offsets: they no longer name a checkpoint.
func TestOffsetsReset(t *testing.T) {
	t.Parallel()
	w := stopped(t, nil)
	all := kadm.Offsets{}
	for p, o := range w.admin.committed(w.id, w.in) {
		all.Add(kadm.Offset{Topic: w.in, Partition: p, At: o.At - 1, LeaderEpoch: -1})
	}
	ctx, cancel := ask()
	defer cancel()
	must(t, w.admin.cl.CommitAllOffsets(ctx, w.id, all))
	w.refused(refusal, nil, 4, w.id, "name no checkpoint")
}
