package runtime

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/txn"
)

// BenchmarkStartFromSavepoint loads 512 MB of state (4 M entries) from a folder into one: as it is, and into another number of key groups.
func BenchmarkStartFromSavepoint(b *testing.B) {
	dir := b.TempDir()
	store, err := checkpoint.OpenStore("file://" + dir)
	if err != nil {
		b.Fatal(err)
	}
	d := state.Descriptor{ID: 1, UID: "u", Name: "n", Kind: state.KindValue}
	w, err := snapshot.Create(b.Context(), store, "job/savepoint/one", snapshot.Header{MaxParallelism: 128, States: []state.Descriptor{d}})
	if err != nil {
		b.Fatal(err)
	}
	const keys = 4 << 20
	p := w.Part(0)
	value := make([]byte, 100)
	for g := range 128 {
		for i := range keys / 128 {
			if err := p.Add(state.Entry{Key: state.AppendKey(nil, uint16(g), 1, fmt.Appendf(nil, "key-%03d-%08d", g, i)), Value: value}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	h, err := w.Commit(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, groups := range []int{128, 100} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			b.SetBytes(h.Size())
			for b.Loop() {
				o, err := openOrigin(b.Context(), RestoreFrom{URL: "file://" + dir + "/job/savepoint/one"})
				if err != nil {
					b.Fatal(err)
				}
				in := &Instance{log: slog.New(slog.DiscardHandler), o: Options{Store: store, JobID: "lab", MaxParallelism: groups}}
				in.inherited.log = in.log
				in.shards = []*shard{{in: in}}
				start := &beginning{in: in, ctx: b.Context(), from: RestoreFrom{Scratch: filepath.Join(dir, "sort")}}
				states := &inherited{states: []state.Descriptor{d}, rules: map[uint16]*rule{1: {of: d}}}
				f := newFounding(start, o, states, &places{positions: map[txn.Partition]int64{}})
				if err := f.write(); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				infos, err := store.List(b.Context(), "lab/")
				if err != nil {
					b.Fatal(err)
				}
				for _, i := range infos {
					if err := store.Delete(b.Context(), i.Name); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
			}
		})
	}
}
