package runtime_test

import (
	"context"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/state/memory"
)

// decided is the checkpoint that the group's committed offsets name.
func (c *cluster) decided(group string) checkpoint.ID {
	c.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	offsets, err := kadm.NewClient(cl).FetchOffsets(c.t.Context(), group)
	if err != nil {
		c.t.Fatal(err)
	}
	var id checkpoint.ID
	for _, o := range offsets.Sorted() {
		m, ok, err := checkpoint.DecodeMetadata(o.Metadata)
		if !ok || err != nil || id != "" && m.ID != id {
			c.t.Fatalf("offset of %s/%d: metadata %q, %v; others name %q", o.Topic, o.Partition, o.Metadata, err, id)
		}
		id = m.ID
	}
	if id == "" {
		c.t.Fatal("nothing is committed")
	}
	return id
}

// TestRetainedCheckpoints: each of the last checkpoints holds exactly what a replay of the input up to its offsets gives, over restarts,
// moved bases and what garbage collection has taken; and those before them are gone in the end.
func TestRetainedCheckpoints(t *testing.T) {
	const retained, lives, chunk = 3, 3, 60
	c := newCluster(t, 2, "text", "word-counts")
	lines, _ := text(lives * 4 * chunk)
	policy := func(o *runtime.Options) {
		o.Retained, o.Bases = retained, checkpoint.BasePolicy{MinBytes: 1, MaxDeltas: 2}
	}
	fed := 0
	for i := range lives {
		l := c.start(policy)
		for j := range 4 {
			commits := l.in.Status().Commits
			c.feed("text", lines[fed:fed+chunk]...)
			fed += chunk
			l.until(t, "a commit of these records", func(s runtime.Status) bool { return s.RecordsIn >= uint64((j+1)*chunk) && s.Commits > commits })
			l.rebase(t)
		}
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			c.dropLocalState()
		}
		c.checkRetained(retained)
	}
	if infos, err := c.store().List(t.Context(), "wordcount/manifest/"); err != nil || len(infos) > 15 {
		t.Errorf("%d checkpoints are kept, %v; want those of two bases at most", len(infos), err)
	}
}

// store opens the job's checkpoint store.
func (c *cluster) store() checkpoint.Store {
	c.t.Helper()
	store, err := checkpoint.OpenStore("file://" + filepath.Join(c.dir, "checkpoints"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { store.Close() })
	return store
}

// checkRetained restores the last n checkpoints, each into an empty backend.
func (c *cluster) checkRetained(n int) {
	c.t.Helper()
	repo, err := checkpoint.NewRepository(c.store(), "wordcount", "", checkpoint.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	input := c.committed("text")
	id := c.decided("wordcount")
	for range n {
		m, err := repo.LoadManifest(c.t.Context(), id)
		if err != nil {
			c.t.Fatal(err)
		}
		if got, want := restoredCounts(c.t, repo, m), replay(input, m.Sources); !maps.Equal(got, want) {
			c.t.Errorf("checkpoint %s at %v restores to %v, a replay gives %v", id, m.Sources, got, want)
		}
		id = m.Parent
	}
}

// replay counts the words of the records before the positions.
func replay(input []*kgo.Record, until []checkpoint.SourcePosition) map[string]int64 {
	end, counts := map[int32]int64{}, map[string]int64{}
	for _, p := range until {
		end[p.Partition] = p.Offset
	}
	for _, r := range input {
		if r.Offset < end[r.Partition] {
			for w := range strings.FieldsSeq(string(r.Value)) {
				counts[w]++
			}
		}
	}
	return counts
}

func restoredCounts(t testing.TB, repo *checkpoint.Repository, m checkpoint.Manifest) map[string]int64 {
	t.Helper()
	plan, err := repo.Plan(t.Context(), m.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	b := memory.New()
	if err := repo.Restore(context.Background(), plan, b); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	err = b.Scan(nil, nil, func(key, value []byte) bool {
		_, _, word, _, err := state.SplitKey(key)
		if err == nil {
			counts[string(word)], err = state.Int64{}.Decode(value)
		}
		if err != nil {
			t.Fatal(err)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}
