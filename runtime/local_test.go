package runtime_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
)

// gets counts what is read from a store, by kind of file.
type gets struct {
	checkpoint.Store
	mu    sync.Mutex
	files map[string]int
	bytes int64
}

func (g *gets) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	kind := strings.Split(strings.TrimPrefix(name, "wordcount/"), "/")[0]
	g.mu.Lock()
	g.files[kind]++
	g.mu.Unlock()
	rc, err := g.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{counted{g, rc}, rc}, nil
}

type counted struct {
	g    *gets
	from io.Reader
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.g.mu.Lock()
	c.g.bytes += int64(n)
	c.g.mu.Unlock()
	return n, err
}

// TestLocalRecovery: a restart with its own state folder reads one manifest of the store and no state; without the folder it reads the base and the
// deltas since, and says how far it is.
func TestLocalRecovery(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := text(600)
	for round, wipe := range []bool{true, false, true} { // the first finds nothing anyway
		if wipe {
			c.dropLocalState()
		}
		g := &gets{files: map[string]int{}}
		c.feed("text", lines[round*200:(round+1)*200]...)
		l := c.start(func(o *runtime.Options) {
			g.Store = o.Store
			o.Store, o.Bases = g, checkpoint.BasePolicy{MinBytes: 1, MaxDeltas: 2}
		})
		l.until(t, "work", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning })
		g.mu.Lock()
		files, size := map[string]int{}, g.bytes
		for kind, n := range g.files {
			files[kind] = n
		}
		g.mu.Unlock()
		restored := l.in.Status().Restore
		switch {
		case round == 0 && restored != nil:
			t.Errorf("nothing was there, and %+v was restored", restored)
		case round == 1 && (files["base"] > 0 || files["delta"] > 0 || files["manifest"] > 1 || restored != nil):
			t.Errorf("with its own state folder it has read %v, %d bytes, %+v", files, size, restored)
		case round == 2 && (files["base"] == 0 || restored == nil || restored.BytesDone == 0 || restored.BytesDone != restored.BytesTotal || restored.Active || restored.Seconds <= 0):
			t.Errorf("without a state folder it has read %v, %d bytes, %+v", files, size, restored)
		}
		for i := range 3 { // commits, so that there is a base and something behind it
			commits := l.in.Status().Commits
			c.feed("text", "again")
			want["again"]++
			l.until(t, "a commit", func(s runtime.Status) bool { return s.RecordsIn >= uint64(201+i) && s.Commits > commits })
			l.rebase(t)
		}
		l.until(t, "all records read", read(200+3))
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// rebase has committed state applied, and waits for the base snapshot that is due then, if one is.
func (l *life) rebase(t *testing.T) {
	t.Helper()
	viewAll(t, l.in)
	l.until(t, "a base", func(s runtime.Status) bool { return s.BaseSnapshot == nil || !s.BaseSnapshot.Active })
}
