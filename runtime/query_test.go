package runtime_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
)

// TestViewState reads what is committed, exactly that of the checkpoint that it names, and nothing of an epoch under way.
func TestViewState(t *testing.T) {
	c := newCluster(t, 1, "text", "word-counts")
	long := func(o *runtime.Options) { o.Interval = 100 * time.Millisecond }
	l := c.start(long)
	ctx := t.Context()
	if _, err := l.in.ViewState(canceled(ctx), "count_words", "count", 0, false, false); !errors.Is(err, runtime.ErrNotReady) {
		t.Errorf("while it starts: %v", err)
	}
	l.until(t, "work", func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning })
	if _, err := l.in.ViewState(ctx, "count_words", "count", 0, false, true); !errors.Is(err, runtime.ErrNotReady) {
		t.Errorf("before any commit: %v", err)
	}
	for round := 1; round <= 3; round++ {
		commits := l.in.Status().Commits
		c.feed("text", "a b a", "c")
		l.until(t, "a commit", func(s runtime.Status) bool { return s.RecordsIn >= uint64(2*round) && s.Commits > commits })
		sums, at := viewAll(t, l.in)
		repo, err := checkpoint.NewRepository(c.store(), "wordcount", "", checkpoint.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := repo.LoadManifest(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		if want := replay(c.committed("text"), m.Sources); len(sums) != len(want) || sums["a"] != want["a"] || sums["c"] != want["c"] {
			t.Errorf("at checkpoint %s: %v, want %v", at, sums, want)
		}
	}
	_, err := l.in.ViewState(ctx, "count_words", "elsewhere", 0, false, false)
	if !errors.Is(err, runtime.ErrNoState) || !strings.Contains(err.Error(), `there are ["`) {
		t.Errorf("a state that is not there: %v", err)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	if _, err := l.in.ViewState(ctx, "count_words", "count", 0, false, false); !errors.Is(err, runtime.ErrNotReady) {
		t.Errorf("after the end: %v", err)
	}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func viewAll(t *testing.T, in *runtime.Instance) (sums map[string]int64, at checkpoint.ID) {
	t.Helper()
	v, err := in.ViewState(t.Context(), "count_words", "count", 0, false, true)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	sums = map[string]int64{}
	err = v.Scan(nil, nil, func(key, value []byte) bool {
		group, id, word, _, err := state.SplitKey(key)
		if err != nil || id != v.State.ID || group < v.From || group >= v.To || group != in.KeyGroup(word) {
			t.Fatalf("key %q: %v", key, err)
		}
		sums[string(word)], err = state.Int64{}.Decode(value)
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums, v.Checkpoint()
}
