package checkpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/state"
)

// A shard is a folder of its own: it moves from one instance to another with its chain, whatever becomes of its neighbours.
func ExampleOptions_shard() {
	ctx := context.Background()
	store, _ := checkpoint.OpenStore("mem://")
	run := "run1" // checkpoint.NewRun(), once for each time that a process takes the shard
	repo, _ := checkpoint.NewRepository(store, "wordcount", run, checkpoint.Options{Shard: "3"})
	m, _ := repo.Prepare(ctx, checkpoint.Manifest{
		ID: checkpoint.MakeID(run, 1), Exchange: checkpoint.ExchangeKafka,
		Inputs: []checkpoint.InputWatermark{{Operator: "count", Sender: "source/0", Watermark: 1234}},
	}, nil)
	metadata, _ := checkpoint.Metadata{ID: m.ID, Exchange: m.Exchange, Watermark: 1234}.Encode()
	fmt.Println(metadata)

	next, _ := checkpoint.NewRepository(store, "wordcount", "run2", checkpoint.Options{Shard: "3"})
	m, _ = next.LoadManifest(ctx, m.ID)
	fmt.Println(m.Shard, m.Inputs)
	infos, _ := store.List(ctx, "")
	fmt.Println(infos[0].Name)
	// Output:
	// weir1:run1-000000000001;exchange=kafka;wm=1234
	// 3 [{count source/0 1234 false }]
	// wordcount/shard/3/manifest/run1-000000000001
}

func shardRepo(t *testing.T, s checkpoint.Store, shard, run string) *checkpoint.Repository {
	t.Helper()
	r, err := checkpoint.NewRepository(s, "job", run, checkpoint.Options{Shard: shard, InlineLimit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestShardsAreApart: two shards that use the same run and epochs have state of their own.
func TestShardsAreApart(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	id := checkpoint.MakeID("r1", 1)
	for _, shard := range []string{"", "0", "1"} {
		r := shardRepo(t, s, shard, "r1")
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: id, Shard: "someone's"}, []state.Entry{put("shard", shard)})
		if err != nil || m.Shard != shard {
			t.Fatalf("%+v, %v", m, err)
		}
		if err := r.MarkCommitted(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	for _, shard := range []string{"", "0", "1"} {
		r := shardRepo(t, s, shard, "")
		got, ok, err := r.Latest(ctx)
		if got != id || !ok || err != nil {
			t.Errorf("latest of shard %q: %q, %v, %v", shard, got, ok, err)
		}
		b := newBackend()
		p, err := r.Plan(ctx, id, "")
		if err == nil {
			err = r.Restore(ctx, p, b)
		}
		if err != nil || b.data["shard"] != shard {
			t.Errorf("shard %q: %v, %v", shard, b.data, err)
		}
	}
}

// TestShardIsNamed: in the folder, and in what goes wrong there.
func TestShardIsNamed(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	for _, bad := range []string{"a/b", ".", "..", "a b", "é"} {
		if _, err := checkpoint.NewRepository(s, "job", "r1", checkpoint.Options{Shard: bad}); err == nil || !strings.Contains(err.Error(), "shard of job job") {
			t.Errorf("shard %q: error %v", bad, err)
		}
	}
	r := shardRepo(t, s, "7", "r1")
	if want := s.URL() + "/job/shard/7"; r.URL() != want {
		t.Errorf("URL %s, want %s", r.URL(), want)
	}
	id := checkpoint.MakeID("r1", 1)
	_, missing := r.Plan(ctx, id, "")
	_, foreign := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r2", 1)}, nil)
	_, exchange := r.Prepare(ctx, checkpoint.Manifest{ID: id, Exchange: "carrier"}, nil)
	_, garbage := checkpoint.NewCollector(r).Collect(ctx, id, 1)
	for _, err := range []error{missing, foreign, exchange, garbage} {
		if err == nil || !strings.Contains(err.Error(), "shard/7") && !strings.Contains(err.Error(), "of shard 7") {
			t.Errorf("the error does not name the shard: %v", err)
		}
	}
}

// TestMovedManifest: a manifest that somebody copied into another shard's folder is not taken for that shard's.
func TestMovedManifest(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	id := checkpoint.MakeID("r1", 1)
	if _, err := shardRepo(t, s, "1", "r1").Prepare(ctx, checkpoint.Manifest{ID: id}, nil); err != nil {
		t.Fatal(err)
	}
	copyFile(t, s, "job/shard/1/manifest/"+string(id), "job/shard/2/manifest/"+string(id))
	copyFile(t, s, "job/shard/1/manifest/"+string(id), "job/manifest/"+string(id))
	for _, shard := range []string{"2", ""} {
		_, err := shardRepo(t, s, shard, "").LoadManifest(ctx, id)
		var corrupt *checkpoint.CorruptError
		if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), fmt.Sprintf(`it is of shard "1", expected %q`, shard)) {
			t.Errorf("shard %q: error %v", shard, err)
		}
	}
}

// TestManifestOfAnOlderVersion was written before there were shards.
func TestManifestOfAnOlderVersion(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	id := checkpoint.MakeID("r1", 7)
	for from, to := range map[string]string{"manifest": "job/manifest/" + string(id), "latest": "job/latest"} {
		b, err := os.ReadFile("testdata/format1/" + from)
		if err != nil {
			t.Fatal(err)
		}
		mustPutFile(t, s, to, b)
	}
	r := shardRepo(t, s, "", "")
	if latest, ok, err := r.Latest(ctx); latest != id || !ok || err != nil {
		t.Errorf("latest %q, %v, %v", latest, ok, err)
	}
	m, err := r.LoadManifest(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.ReadDelta(ctx, m.Delta)
	if err != nil || len(entries) != 1 || m.Shard != "" || m.Exchange != "" || m.Inputs != nil || m.Sources[0].Offset != 42 || m.Watermarks[0].Watermark != 900 {
		t.Errorf("%+v with %v, %v", m, entries, err)
	}
}

// TestManifestOfFormat2 was written when bases began to have changes. Format 1 could not have them.
func TestManifestOfFormat2(t *testing.T) {
	ctx := context.Background()
	s, id := memstore.Open(""), checkpoint.MakeID("r1", 4)
	for _, name := range []string{"manifest/" + string(id), "base/r1-000000000001-0000", "base/r1-000000000002-0000"} {
		b, err := os.ReadFile("testdata/format2/" + filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		mustPutFile(t, s, "job/"+name, b)
	}
	got, want := newBackend(), map[string]string{"b": "3", "c": "1", "d": "4"}
	if err := restore(s, id, got); err != nil || !maps.Equal(got.data, want) {
		t.Errorf("%v, %v, want %v", got.data, err, want)
	}
	m, err := shardRepo(t, s, "", "").LoadManifest(ctx, id)
	if err != nil || m.Format != 2 || len(m.Base.Changes) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	m.Format = 1
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	mustPutFile(t, s, "job/manifest/"+string(id), checkpoint.EncodeForTest(m, string(body)))
	if err := restore(s, id, got); err == nil || !strings.Contains(err.Error(), "its base has changes, which format 1 does not know") {
		t.Errorf("error %v", err)
	}
}

// TestCollectLeavesOthersAlone: the collector of a job's folder, and of each shard's, takes only what is its own folder's; instances
// are nobody's garbage.
func TestCollectLeavesOthersAlone(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open("")
	for _, i := range []string{"pod-0", "pod-1", "r1-000000000001"} {
		if err := checkpoint.Register(ctx, s, "job", checkpoint.Instance{ID: i, Run: "r1"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, shard := range []string{"", "0", "1", "manifest", "instances"} {
		if _, err := shardRepo(t, s, shard, "r1").Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", 1)}, []state.Entry{put("k", "v")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, shard := range []string{"", "1"} {
		r := shardRepo(t, s, shard, "r2")
		c := checkpoint.NewCollector(r)
		if err := c.Observe(ctx); err != nil {
			t.Fatal(err)
		}
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r2", 1)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Collect(ctx, m.ID, 1)
		if want := []string{"delta/r1-000000000001", "manifest/r1-000000000001"}; err != nil || !slices.Equal(p.Delete, want) {
			t.Errorf("shard %q: deleted %v, want %v; %v", shard, p.Delete, want, err)
		}
	}
	infos, err := s.List(ctx, "job/")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, i := range infos {
		left = append(left, i.Name)
	}
	want := []string{
		"job/instances/pod-0", "job/instances/pod-1", "job/instances/r1-000000000001", "job/manifest/r2-000000000001",
		"job/shard/0/delta/r1-000000000001", "job/shard/0/manifest/r1-000000000001", "job/shard/1/manifest/r2-000000000001",
		"job/shard/instances/delta/r1-000000000001", "job/shard/instances/manifest/r1-000000000001",
		"job/shard/manifest/delta/r1-000000000001", "job/shard/manifest/manifest/r1-000000000001",
	}
	if !slices.Equal(left, want) {
		t.Errorf("left: %v\nwant: %v", left, want)
	}
}
