package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/state"
)

// folding is a job that does what it likes, beside what must be restored of each of its decided checkpoints.
type folding struct {
	store   checkpoint.Store
	repo    *checkpoint.Repository
	garbage *checkpoint.Collector
	runs    int
	epoch   uint64
	decided []checkpoint.ID
	base    checkpoint.BaseRef // that the next manifest names
	states  map[checkpoint.ID]map[string]string
}

func (f *folding) last() checkpoint.ID {
	if len(f.decided) == 0 {
		return ""
	}
	return f.decided[len(f.decided)-1]
}

// restart is another run, which finds out from manifests what there is.
func (f *folding) restart(t *rapid.T) {
	f.runs++
	f.epoch = 0
	r, err := checkpoint.NewRepository(f.store, "job", fmt.Sprint("r", f.runs), checkpoint.Options{InlineLimit: 200, BaseFileSize: 300})
	must(t, err)
	f.repo, f.garbage, f.base = r, checkpoint.NewCollector(r), checkpoint.BaseRef{}
	p, err := r.Plan(context.Background(), f.last(), f.last())
	must(t, err)
	if f.last() != "" {
		f.base = p.Manifest.Base
	}
	must(t, f.garbage.Observe(context.Background()))
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *folding) epochOf(t *rapid.T, decide bool) {
	f.epoch++
	id := checkpoint.MakeID(fmt.Sprint("r", f.runs), f.epoch)
	after := maps.Clone(f.states[f.last()])
	var entries []state.Entry
	for _, k := range slices.Sorted(maps.Keys(rapid.MapOfN(rapid.IntRange(10, 30), rapid.Just(0), 0, 12).Draw(t, "keys"))) {
		key := fmt.Sprint("k", k)
		if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
			entries = append(entries, del(key))
			delete(after, key)
		} else {
			after[key] = string(id) + strings.Repeat(".", rapid.IntRange(0, 40).Draw(t, "length"))
			entries = append(entries, put(key, after[key]))
		}
	}
	_, err := f.repo.Prepare(context.Background(), checkpoint.Manifest{ID: id, Parent: f.last(), Base: f.base}, entries)
	must(t, err)
	if decide {
		f.decided, f.states[id] = append(f.decided, id), after
	}
}

// TestFoldsAgainstModel: commits, aborts, folds, snapshots, collections and restarts in any order: each retained checkpoint restores to its very state.
func TestFoldsAgainstModel(t *testing.T) {
	const retain = 3
	rapid.Check(t, func(t *rapid.T) {
		f := &folding{store: memstore.Open(""), states: map[checkpoint.ID]map[string]string{"": {}}}
		f.restart(t)
		most := 0
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			step := rapid.IntRange(0, 19).Draw(t, "step")
			switch step {
			default:
				f.epochOf(t, true)
			case 0:
				f.epochOf(t, false)
			case 1:
				f.restart(t)
			case 2:
				if f.last() != "" {
					at := &backend{data: f.states[f.last()]}
					base, err := f.repo.WriteBase(context.Background(), f.last(), scanOf(at))
					must(t, err)
					f.base = base
				}
			case 3, 4, 5, 6, 7, 8, 9, 10:
				f.fold(t)
				most = max(most, len(f.base.Changes))
			case 11, 12:
				if strings.HasPrefix(string(f.last()), fmt.Sprint("r", f.runs, "-")) {
					_, err := f.garbage.Collect(context.Background(), f.last(), retain)
					must(t, err)
				}
			}
			if step == 1 || step == 12 {
				f.check(t, retain)
			}
		}
		f.check(t, retain)
		if most > 25 {
			t.Errorf("a base has %d files of changes", most)
		}
	})
}

func (f *folding) check(t *rapid.T, retain int) {
	for _, id := range f.decided[max(0, len(f.decided)-retain):] {
		got := newBackend()
		if err := restore(f.store, id, got); err != nil || !maps.Equal(got.data, f.states[id]) {
			t.Fatalf("checkpoint %s restores to %v, %v; want %v", id, got.data, err, f.states[id])
		}
	}
}

// fold folds what the last checkpoint has. The next manifest may name the result if the checkpoint has the base that it was made from, which one that waits for its
// first manifest is not.
func (f *folding) fold(t *rapid.T) {
	if f.last() == "" {
		return
	}
	m, err := f.repo.LoadManifest(context.Background(), f.last())
	must(t, err)
	base, err := f.repo.Fold(context.Background(), f.last())
	must(t, err)
	if f.base.At == m.Base.At {
		f.base = base
	}
}

// counted counts the bytes that are put.
type counted struct {
	checkpoint.Store
	bytes int64
}

func (c *counted) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return c.Store.Put(ctx, name, func(w io.Writer) error { return write(io.MultiWriter(w, (*counter)(&c.bytes))) })
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// TestUploadFollowsChanges: beside a state of 200,000 keys, what is written is in proportion to what the epochs changed, whatever they changed, and a restore reads
// no more than about twice the state. With snapshots alone one would follow every ten epochs.
func TestUploadFollowsChanges(t *testing.T) {
	const keys, epochs, each = 50_000, 400, 200
	key := func(i int) string { return fmt.Sprintf("key%09d", i) }
	for name, test := range map[string]struct {
		changed func(epoch, i int) int // the i-th key of an epoch
		most    float64                // bytes written per byte of deltas: once itself, once folded, and a little more than once each in merged folds and in snapshots
	}{
		"nothing":             {nil, 0},
		"hot keys":            {func(_, i int) int { return i * 997 }, 1.2},
		"one after the other": {func(epoch, i int) int { return epoch*each + i }, 3.5},
		"all over":            {func(epoch, i int) int { return (epoch*each + i) * 7919 % keys }, 3.5},
		"new ones":            {func(epoch, i int) int { return keys + epoch*each + i }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, s := t.Context(), &counted{Store: memstore.Open("")}
			r, err := checkpoint.NewRepository(s, "job", "r1", checkpoint.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := newBackend()
			for i := range keys {
				want.data[key(i)] = "a value that is never changed"
			}
			parent := checkpoint.MakeID("r1", 1)
			mustPrepare(t, r, parent, "")
			base, err := r.WriteBase(ctx, parent, scanOf(want))
			if err != nil {
				t.Fatal(err)
			}
			snapshot := base.Size()
			s.bytes = 0
			var deltas, read int64
			var folds, snapshots int
			policy := checkpoint.BasePolicy{MinBytes: 20 * each * 45, MaxDeltas: 10}
			for epoch := range epochs {
				var entries []state.Entry
				for i := range each {
					if test.changed != nil {
						entries = append(entries, put(key(test.changed(epoch, i)), fmt.Sprintf("a value of epoch %13d", epoch)))
					}
				}
				slices.SortFunc(entries, func(a, b state.Entry) int { return strings.Compare(string(a.Key), string(b.Key)) })
				m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", uint64(epoch+2)), Parent: parent, Base: base}, entries)
				if err != nil {
					t.Fatal(err)
				}
				parent = m.ID
				deltas += m.Delta.Size
				_ = want.Apply(entries, "")
				stats, err := r.BaseStats(ctx, parent)
				if err != nil {
					t.Fatal(err)
				}
				read = max(read, stats.DeltaBytes+stats.ChangeBytes+stats.BaseBytes)
				switch policy.Due(stats) {
				case checkpoint.DueFold:
					folds++
					base, err = r.Fold(ctx, parent)
				case checkpoint.DueSnapshot:
					snapshots++
					base, err = r.WriteBase(ctx, parent, scanOf(want))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			manifests := int64(epochs * 4096) // at most
			t.Logf("snapshot %d KB, deltas %d KB, written %d KB in all with %d folds and %d snapshots; a restore read %d KB at most",
				snapshot>>10, deltas>>10, s.bytes>>10, folds, snapshots, read>>10)
			if s.bytes > int64(float64(deltas)*test.most)+manifests {
				t.Errorf("%d bytes were written for deltas of %d, want %.1f times as many at most", s.bytes, deltas, test.most)
			}
			if read > 3*snapshot || folds == 0 {
				t.Errorf("a restore reads %d bytes, %d folds", read, folds)
			}
			got := newBackend()
			if err := restore(s, parent, got); err != nil || !maps.Equal(got.data, want.data) {
				t.Errorf("%d keys, %v; want %d", len(got.data), err, len(want.data))
			}
		})
	}
}

// TestFoldRefuses what would name files that may be gone.
func TestFoldRefuses(t *testing.T) {
	ctx := t.Context()
	r, s := baseRepo(t, checkpoint.Options{})
	one, two, three := checkpoint.MakeID("r1", 1), checkpoint.MakeID("r1", 2), checkpoint.MakeID("r1", 3)
	mustPrepare(t, r, one, "")
	first, err := r.WriteBase(ctx, one, scanN(10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: two, Parent: one, Base: first}, []state.Entry{put("a", "1")}); err != nil {
		t.Fatal(err)
	}
	second, err := r.WriteBase(ctx, two, scanN(11))
	if err != nil {
		t.Fatal(err)
	}
	folded, err := r.Fold(ctx, two) // of the first one
	if err != nil || len(folded.Changes) != 1 || !slices.Equal(folded.Files, first.Files) {
		t.Fatalf("%+v, %v", folded, err)
	}
	if _, err := r.Prepare(ctx, checkpoint.Manifest{ID: three, Parent: two, Base: second}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", 4), Parent: three, Base: folded}, nil)
	if err == nil || !strings.Contains(err.Error(), "has files of base r1-000000000001") {
		t.Errorf("error %v", err)
	}
	if _, err := r.Fold(ctx, checkpoint.MakeID("r1", 9)); !errors.Is(err, checkpoint.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	reader, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Fold(ctx, two); err == nil || !strings.Contains(err.Error(), "without a run") {
		t.Errorf("error %v", err)
	}
}
