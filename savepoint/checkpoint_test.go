package savepoint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/state"
)

// commit makes a shard's checkpoint of some keys; states have other ids in each shard.
func commit(t *testing.T, s checkpoint.Store, shard string, id uint16, keys ...string) {
	t.Helper()
	commitOf(t, s, shard, id, 8, keys...)
}

func commitOf(t *testing.T, s checkpoint.Store, shard string, id uint16, groups int, keys ...string) {
	t.Helper()
	run := "run" + shard
	r, err := checkpoint.NewRepository(s, "job", run, checkpoint.Options{Shard: shard})
	if err != nil {
		t.Fatal(err)
	}
	sum, other := counts, counts
	sum.ID, other.ID, other.Name = id, 3-id, "other"
	var entries []state.Entry
	for _, k := range keys {
		v, _ := state.Int64{}.Append(nil, int64(len(k)))
		entries = append(entries, state.Entry{Key: state.AppendKey(nil, state.KeyGroup([]byte(k), groups), id, []byte(k)), Value: v})
	}
	slices.SortFunc(entries, func(a, b state.Entry) int { return slices.Compare(a.Key, b.Key) })
	m, err := r.Prepare(t.Context(), checkpoint.Manifest{ID: checkpoint.MakeID(run, 1), Shard: shard, MaxParallelism: groups, States: []state.Descriptor{sum, other}}, entries)
	if err == nil {
		err = r.MarkCommitted(t.Context(), m.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The last checkpoint of a job is read as a savepoint is, whether its state is in one piece or in shards.
func TestLoadCheckpoint(t *testing.T) {
	for name, shards := range map[string][]string{"one piece": {""}, "shards": {"00", "01"}} {
		t.Run(name, func(t *testing.T) {
			url := "file://" + t.TempDir()
			s, err := checkpoint.OpenStore(url)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for i, shard := range shards {
				keys := []string{fmt.Sprint("a", i), fmt.Sprint("bb", i), fmt.Sprint("ccc", i)}
				want = append(want, keys...)
				commit(t, s, shard, uint16(1+i), keys...)
			}
			sp, err := savepoint.LoadCheckpoint(t.Context(), url, "job")
			if err != nil {
				t.Fatal(err)
			}
			defer sp.Close()
			var got []string
			for kv, err := range savepoint.ReadValues(t.Context(), sp, "count", "sum", state.String{}, state.Int64{}) {
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, kv.Key); kv.Value != int64(len(kv.Key)) {
					t.Errorf("%s is %d", kv.Key, kv.Value)
				}
			}
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if v, ok, err := savepoint.Get(t.Context(), sp, "count", "sum", state.String{}, state.Int64{}, want[0]); !ok || err != nil || v != int64(len(want[0])) {
				t.Errorf("Get: %d, %v, %v", v, ok, err)
			}
			folder := url + "/job"
			if shards[0] != "" {
				folder += "/shard/" + shards[0]
			}
			one, err := savepoint.Load(t.Context(), folder+"/manifest/"+string(checkpoint.MakeID("run"+shards[0], 1)))
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close()
			if v, ok, err := savepoint.Get(t.Context(), one, "count", "sum", state.String{}, state.Int64{}, "bb0"); !ok || err != nil || v != 3 {
				t.Errorf("by its own URL: %d, %v, %v", v, ok, err)
			}
			if _, err := sp.Edit().Write(t.Context(), url+"/sp", savepoint.Options{}); err == nil || !strings.Contains(err.Error(), "take a savepoint") {
				t.Errorf("got %v, want a refusal", err)
			}
			if _, err := savepoint.LoadCheckpoint(t.Context(), url, "other"); err == nil || !strings.Contains(err.Error(), `"other"`) {
				t.Errorf("got %v, want an error that names the job", err)
			}
		})
	}
}

// Entries come by key group, however many shards there are: their names are numbers, and "10" is behind "2".
func TestManyShardsInOrder(t *testing.T) {
	const shards = 12
	url := "file://" + t.TempDir()
	s, err := checkpoint.OpenStore(url)
	if err != nil {
		t.Fatal(err)
	}
	for n, done := 0, map[uint16]bool{}; len(done) < shards; n++ {
		key := fmt.Sprint("key", n)
		if g := state.KeyGroup([]byte(key), shards); !done[g] {
			done[g] = true
			commitOf(t, s, fmt.Sprint(g), 1, shards, key)
		}
	}
	sp, err := savepoint.LoadCheckpoint(t.Context(), url, "job")
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	var got []uint16
	for e, err := range sp.Entries(t.Context(), savepoint.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Group)
	}
	if len(got) != shards || !slices.IsSorted(got) {
		t.Errorf("key groups %v", got)
	}
}
