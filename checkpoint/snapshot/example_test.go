package snapshot_test

import (
	"context"
	"fmt"
	"log"

	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// A savepoint is written in parts that follow one another, exists from Commit on, and is read by key groups.
func Example() {
	ctx := context.Background()
	s := memstore.Open("")
	counts := state.Descriptor{ID: 1, UID: "count", Name: "sum", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "string"}
	w, err := snapshot.Create(ctx, s, "wordcount/savepoint/before-upgrade", snapshot.Header{
		Job: "wordcount", MaxParallelism: 128, States: []state.Descriptor{counts},
	})
	if err != nil {
		log.Fatal(err)
	}
	for n, word := range []string{"flink", "kafka"} { // of the key groups 3 and 70, say
		p := w.Part(n)
		if err := p.Add(state.Entry{Key: state.AppendKey(nil, []uint16{3, 70}[n], 1, []byte(word)), Value: []byte("3")}); err != nil {
			log.Fatal(err)
		}
		if err := p.Close(); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := w.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	found, err := snapshot.List(ctx, s, "wordcount/savepoint/")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range found {
		fmt.Println(f.Path, f.Header.Entries(), "entries in", len(f.Header.Files), "files", f.Err)
	}
	sp, err := snapshot.Open(ctx, s, found[0].Path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("damage:", sp.Verify(ctx, nil))
	stream, err := sp.Scan(ctx, 64, 127)
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for e, ok, err := stream.Next(); ok || err != nil; e, ok, err = stream.Next() {
		if err != nil {
			log.Fatal(err)
		}
		group, _, key, _, _ := state.SplitKey(e.Key)
		fmt.Println(group, string(key), string(e.Value))
	}
	// Output:
	// wordcount/savepoint/before-upgrade 2 entries in 2 files <nil>
	// damage: <nil>
	// 70 kafka 3
}
