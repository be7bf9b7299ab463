package checkpoint_test

import (
	"context"
	"fmt"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// A run prepares two checkpoints; its successor finds out from the offsets' metadata where state must stand, and restores it.
func ExampleRepository() {
	ctx := context.Background()
	store, _ := checkpoint.OpenStore("mem://")

	run := "run1" // checkpoint.NewRun()
	repo, _ := checkpoint.NewRepository(store, "wordcount", run, checkpoint.Options{})
	first, _ := repo.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID(run, 1)},
		[]state.Entry{{Key: []byte("flink"), Value: []byte("2")}, {Key: []byte("weir"), Value: []byte("1")}})
	second, _ := repo.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID(run, 2), Parent: first.ID},
		[]state.Entry{{Key: []byte("flink"), Delete: true}, {Key: []byte("weir"), Value: []byte("3")}})
	metadata := checkpoint.EncodeMetadata(second.ID) // committed with the offsets: the decision

	decided, _, _ := checkpoint.DecodeMetadata(metadata)
	successor, _ := checkpoint.NewRepository(store, "wordcount", "run2", checkpoint.Options{})
	plan, _ := successor.Plan(ctx, decided.ID, "")
	fmt.Println(plan)
	stream, _ := successor.Stream(ctx, plan)
	for {
		e, ok, err := stream.Next()
		if err != nil || !ok {
			break
		}
		fmt.Printf("%s = %s\n", e.Key, e.Value)
	}
	_ = stream.Close()
	// Output:
	// restore checkpoint run1-000000000002 (local state is at none): base at none and 2 checkpoints
	//   run1-000000000001: inline: 2 entries, 103 bytes
	//   run1-000000000002: inline: 2 entries, 102 bytes
	// weir = 3
}

// A fold makes a base out of an older one and the deltas since: its files stay, and what has changed is one file more.
func ExampleRepository_Fold() {
	ctx := context.Background()
	store, _ := checkpoint.OpenStore("mem://")
	repo, _ := checkpoint.NewRepository(store, "wordcount", "run1", checkpoint.Options{})
	commit := func(epoch uint64, parent checkpoint.ID, base checkpoint.BaseRef, key, value string) checkpoint.ID {
		m, _ := repo.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("run1", epoch), Parent: parent, Base: base}, []state.Entry{{Key: []byte(key), Value: []byte(value)}})
		return m.ID
	}
	first := commit(1, "", checkpoint.BaseRef{}, "flink", "1")
	base, _ := repo.WriteBase(ctx, first, func(fn func(key, value []byte) bool) error { fn([]byte("flink"), []byte("1")); return nil })
	last := commit(2, first, base, "weir", "1")
	last = commit(3, last, base, "weir", "2")
	base, _ = repo.Fold(ctx, last)
	last = commit(4, last, base, "weir", "3")

	plan, _ := repo.Plan(ctx, last, "")
	fmt.Println(plan)
	// Output:
	// restore checkpoint run1-000000000004 (local state is at none): base at run1-000000000003 and 1 checkpoints
	//   base/run1-000000000001-0000: 1 entries, 96 bytes
	//   base/run1-000000000002-0000: 1 entries, 95 bytes
	//   run1-000000000004: inline: 1 entries, 95 bytes
}

// A store that is not known names the variable, the value and what is allowed.
func ExampleOpenStore() {
	_, err := checkpoint.OpenStore("ftp://backup/weir")
	fmt.Println(err)
	// Output:
	// WEIR_CHECKPOINT_STORE="ftp://backup/weir": allowed are file:///absolute/folder, file://./relative/folder, mem://name, s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix and hdfs://namenode:port/folder
}

// Metadata that somebody else wrote is told from ours.
func ExampleDecodeMetadata() {
	for _, s := range []string{"weir1:run1-000000000042", "", "some note", "weir2:new"} {
		m, ok, err := checkpoint.DecodeMetadata(s)
		fmt.Println(m.ID, ok, err)
	}
	// Output:
	// run1-000000000042 true <nil>
	//  false <nil>
	//  false <nil>
	//  false offset metadata "weir2:new" was written by a newer version (format 2, this version reads 1); upgrade
}

// An operator with two inputs holds back the one that is ahead.
func ExampleAligner() {
	a := checkpoint.NewAligner(2, 0)
	aligned, _ := a.OnBarrier(0, 1)
	fmt.Println("input 0 has passed barrier 1; aligned:", aligned, "held:", a.Held(0), a.Held(1))
	aligned, _ = a.OnBarrier(1, 1)
	fmt.Println("input 1 has passed it too; aligned:", aligned, "held:", a.Held(0), a.Held(1))
	_, err := a.OnBarrier(0, 1)
	fmt.Println(err)
	// Output:
	// input 0 has passed barrier 1; aligned: false held: true false
	// input 1 has passed it too; aligned: true held: false false
	// barrier 1 from input 0 after barrier 1: barriers must ascend
}

// A base is written in the background and named by the manifests after it; then older files can go.
func ExampleCollector() {
	ctx := context.Background()
	store, _ := checkpoint.OpenStore("mem://")
	repo, _ := checkpoint.NewRepository(store, "wordcount", "run1", checkpoint.Options{})
	collector := checkpoint.NewCollector(repo)

	first, _ := repo.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("run1", 1)}, []state.Entry{{Key: []byte("weir"), Value: []byte("1")}})
	base, _ := repo.WriteBase(ctx, first.ID, func(fn func(key, value []byte) bool) error {
		fn([]byte("weir"), []byte("1"))
		return nil
	})
	second, _ := repo.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("run1", 2), Parent: first.ID, Base: base}, nil)
	plan, _ := collector.Collect(ctx, second.ID, 1) // when its commit has succeeded
	fmt.Println(plan)
	// Output:
	// garbage at checkpoint run1-000000000002: checkpoints and base files to keep: 2, files to delete: 1; files of other runs wait for a commit
	//   manifest/run1-000000000001
}
