package runtime_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
)

// ask asks for a savepoint and waits until it is taken.
func (l *life) ask(t testing.TB, r runtime.SavepointRequest) runtime.SavepointStatus {
	t.Helper()
	if _, err := l.in.StartSavepoint(r); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	l.in.AwaitSavepoint(ctx)
	all := l.in.Savepoints()
	st := all[len(all)-1]
	if st.State != runtime.SavepointDone {
		t.Fatalf("savepoint: %+v", st)
	}
	return st
}

// ended waits for the end of an instance that was asked to stop with a savepoint.
func (l *life) ended(t testing.TB) {
	t.Helper()
	select {
	case err := <-l.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not end; savepoints %+v", l.in.Savepoints())
	}
}

// wordsIn is the counts that a savepoint of word count holds.
func wordsIn(t testing.TB, url string) (snapshot.Header, map[string]int) {
	t.Helper()
	sp, err := snapshot.OpenURL(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	if err := sp.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	h := sp.Header()
	stream, err := sp.Scan(t.Context(), 0, uint16(h.MaxParallelism-1))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	counts := map[string]int{}
	for {
		e, ok, err := stream.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return h, counts
		}
		_, _, key, _, err := state.SplitKey(e.Key)
		if err != nil {
			t.Fatal(err)
		}
		n, err := state.Int64{}.Decode(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		counts[string(key)] = int(n)
	}
}

// replayed counts the words of the records below a savepoint's positions.
func replayed(records []*kgo.Record, h snapshot.Header) map[string]int {
	counts := map[string]int{}
	for word, n := range replay(records, h.Sources) {
		counts[word] = int(n)
	}
	return counts
}

// TestSavepointsUnderLoad: each holds just what an independent replay of the input up to its offsets does, and the job is none the worse.
func TestSavepointsUnderLoad(t *testing.T) {
	c := newCluster(t, 3, "text", "word-counts")
	lines, want := text(2000)
	c.feed("text", lines[:300]...)
	l := c.start()
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 300; i < 2000; i += 100 {
			c.feed("text", lines[i:i+100]...)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	elsewhere := "file://" + t.TempDir() + "/elsewhere"
	urls := []string{l.ask(t, runtime.SavepointRequest{Name: "one"}).URL, l.ask(t, runtime.SavepointRequest{}).URL, l.ask(t, runtime.SavepointRequest{To: elsewhere}).URL}
	if urls[2] != elsewhere || urls[0] != "file://"+filepath.Join(c.dir, "checkpoints/wordcount/savepoint/one") {
		t.Errorf("savepoints at %q", urls)
	}
	<-done
	l.until(t, "all records read", read(2000))
	last := l.ask(t, runtime.SavepointRequest{Name: "last"})
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
	records := c.committed("text")
	for _, url := range append(urls, last.URL) {
		h, got := wordsIn(t, url)
		if want := replayed(records, h); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", url, got, want)
		}
		if h.Job != "wordcount" || h.MaxParallelism != 128 || len(h.States) != 1 || len(h.Sources) != 3 || len(h.Checkpoints) != 1 || h.Drained {
			t.Errorf("%s: %+v", url, h)
		}
	}
	if _, got := wordsIn(t, last.URL); !maps.Equal(got, want) {
		t.Errorf("the last one, when all was read, holds %v, want %v", got, want)
	}
}

// TestStopWithSavepoint: the last commit is the savepoint's. Nothing is visible that it does not account for.
func TestStopWithSavepoint(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, _ := text(1000)
	c.feed("text", lines...)
	l := c.start()
	l.until(t, "some records", read(1))
	st, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "end", Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	l.ended(t)
	l.close()
	h, got := wordsIn(t, st.URL)
	if want := replayed(c.committed("text"), h); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	checkCounts(t, c.committed("word-counts"), got)
	if all := l.in.Savepoints(); all[0].State != runtime.SavepointDone || all[0].Checkpoints[0] != h.Checkpoints[0] {
		t.Errorf("%+v", all)
	}
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{}); !errors.Is(err, runtime.ErrSavepointRequest) {
		t.Errorf("of an instance that has ended: %v", err)
	}
}

func TestSavepointRefusals(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	l := c.start()
	l.until(t, "running", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning })
	for _, r := range []runtime.SavepointRequest{{Drain: true}, {Name: "a/b"}, {Name: ".."}, {To: "nowhere"}} {
		if _, err := l.in.StartSavepoint(r); !errors.Is(err, runtime.ErrSavepointRequest) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "early"}); err != nil {
		t.Fatal(err)
	}
	l.in.AwaitSavepoint(t.Context())
	if st := l.in.Savepoints()[0]; st.State != runtime.SavepointFailed || !strings.Contains(st.Error, "nothing is committed yet") {
		t.Errorf("%+v", st)
	}
	c.feed("text", "a")
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	l.ask(t, runtime.SavepointRequest{Name: "one"})
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{Name: "one"}); err != nil {
		t.Fatal(err)
	}
	l.in.AwaitSavepoint(t.Context())
	if st := l.in.Savepoints()[2]; st.State != runtime.SavepointFailed || !strings.Contains(st.Error, snapshot.ErrExist.Error()) {
		t.Errorf("%+v", st)
	}
	if _, err := l.in.StartSavepoint(runtime.SavepointRequest{To: "file:///dev/null/folder/x"}); err != nil {
		t.Fatal(err)
	}
	l.in.AwaitSavepoint(t.Context())
	if st := l.in.Savepoints()[3]; st.State != runtime.SavepointFailed || !strings.Contains(st.Error, "/dev/null/folder") {
		t.Errorf("%+v", st)
	}
	c.feed("text", "a")
	l.until(t, "work that goes on", read(2))
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
}

// A savepoint that goes elsewhere goes through OpenStore, which encrypts where the job's own store does.
func TestSavepointElsewhereIsOpenedAsTold(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	c.feed("text", "a b")
	var opened string
	l := c.start(func(o *runtime.Options) {
		o.OpenStore = func(url string) (checkpoint.Store, error) { opened = url; return checkpoint.OpenStore(url) }
	})
	l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	folder := "file://" + t.TempDir()
	l.ask(t, runtime.SavepointRequest{To: folder + "/elsewhere"})
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if opened != folder {
		t.Errorf("opened %q, want %q", opened, folder)
	}
}
