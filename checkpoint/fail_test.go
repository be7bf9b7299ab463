package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/blobstore"
	"github.com/weirstream/weir/checkpoint/memstore"
	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/storetest"
	"github.com/weirstream/weir/state"
)

// session is a run that goes on after failures as a job does: an epoch that can't be prepared is aborted, a base or a collection
// that fails is left. It returns the last decided checkpoint and its state.
func session(t *testing.T, s checkpoint.Store, run string) (decided checkpoint.ID, at *backend) {
	t.Helper()
	ctx := context.Background()
	r, err := checkpoint.NewRepository(s, "job", run, checkpoint.Options{InlineLimit: 60, BaseFileSize: 80})
	if err != nil {
		t.Fatal(err)
	}
	c, at := checkpoint.NewCollector(r), newBackend()
	injected := func(what string, err error) {
		if err != nil && !errors.Is(err, storetest.ErrInjected) {
			t.Fatalf("%s: error %v hides its cause", what, err)
		}
	}
	injected("observe", c.Observe(ctx))
	var base checkpoint.BaseRef
	for epoch := uint64(1); epoch <= 8; epoch++ {
		id := checkpoint.MakeID(run, epoch)
		entries := []state.Entry{put(fmt.Sprint("k", epoch%3), fmt.Sprint(id)), put("x", "a value that now and then is stored in a file of its own"[:epoch%3*20])}
		if epoch%4 == 0 {
			entries = append(entries, del("z"))
		}
		_, err := r.Prepare(ctx, checkpoint.Manifest{ID: id, Parent: decided, Base: base}, entries)
		if injected("prepare", err); err != nil {
			continue
		}
		decided = id
		if err := at.Apply(entries, string(id)); err != nil {
			t.Fatal(err)
		}
		injected("mark", r.MarkCommitted(ctx, id))
		_, err = c.Collect(ctx, id, 1)
		injected("collect", err)
		if epoch%3 == 1 {
			write := func() (checkpoint.BaseRef, error) { return r.WriteBase(ctx, id, scanOf(at)) }
			if epoch > 1 {
				write = func() (checkpoint.BaseRef, error) { return r.Fold(ctx, id) }
			}
			b, err := write()
			if injected("base", err); err == nil {
				base = b
			}
		}
	}
	return decided, at
}

// TestFailAtEveryStoreOperation fails the i-th operation for every i, in every way, once and for good. Whatever happens the decided checkpoint can be
// restored, and the next run ends with exactly the files that it needs.
func TestFailAtEveryStoreOperation(t *testing.T) {
	for driver, open := range drivers {
		t.Run(driver, func(t *testing.T) { failAtEvery(t, open) })
	}
}

var drivers = map[string]func() checkpoint.Store{
	"mem": func() checkpoint.Store { return memstore.Open("") },
	"blob": func() checkpoint.Store {
		return blobstore.New(memblob.OpenBucket(nil), "memory", remote.DefaultPolicy)
	},
}

func failAtEvery(t *testing.T, open func() checkpoint.Store) {
	for _, crash := range []bool{false, true} {
		for _, mode := range storetest.Modes {
			t.Run(fmt.Sprintf("%s,crash=%v", mode, crash), func(t *testing.T) {
				for i := 0; ; i++ {
					raw := open()
					s := storetest.NewInjector(raw, i, mode, crash)
					decided, at := session(t, s, "r1")
					if !s.Fired() {
						t.Logf("%d operations", i)
						return
					}
					wantState(t, raw, decided, at, fmt.Sprintf("operation %d of %q", i, s.Trace()))
					wantClean(t, raw, decided)
				}
			})
		}
	}
}

func wantState(t *testing.T, s checkpoint.Store, id checkpoint.ID, want *backend, when string) {
	t.Helper()
	got := newBackend()
	if err := restore(s, id, got); err != nil || !maps.Equal(got.data, want.data) {
		t.Fatalf("%s: checkpoint %s restores to %v, %v; want %v", when, id, got.data, err, want.data)
	}
}

func restore(s checkpoint.Store, id checkpoint.ID, b *backend) error {
	ctx := context.Background()
	r, err := checkpoint.NewRepository(s, "job", "", checkpoint.Options{})
	if err != nil {
		return err
	}
	p, err := r.Plan(ctx, id, checkpoint.ID(b.marker))
	if err != nil {
		return err
	}
	return r.Restore(ctx, p, b)
}

// wantClean: a successor that recovers at decided collects all but what its own checkpoint needs.
func wantClean(t *testing.T, s checkpoint.Store, decided checkpoint.ID) {
	t.Helper()
	ctx := context.Background()
	r, err := checkpoint.NewRepository(s, "job", "r2", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Plan(ctx, decided, ""); err != nil {
		t.Fatal(err)
	}
	c := checkpoint.NewCollector(r)
	if err := c.Observe(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r2", 1), Parent: decided}, nil)
	if err != nil { // decided has a base: it is kept
		old, lerr := r.LoadManifest(ctx, decided)
		if lerr != nil {
			t.Fatal(lerr)
		}
		if m, err = r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r2", 2), Parent: decided, Base: old.Base}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Collect(ctx, m.ID, 1); err != nil {
		t.Fatal(err)
	}
	p, err := r.Plan(ctx, m.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	need := filesOf(p)
	need["job/latest"] = true
	infos, err := s.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if !need[info.Name] {
			t.Fatalf("%s is left over; needed are %v", info.Name, need)
		}
	}
}

// TestFailEveryRead fails the i-th operation of a recovery: it says so, and works when tried again with the same backend.
func TestFailEveryRead(t *testing.T) {
	raw := memstore.Open("")
	decided, want := session(t, raw, "r1")
	for _, mode := range storetest.Modes {
		for i := 0; ; i++ {
			s, got := storetest.NewInjector(raw, i, mode, false), newBackend()
			err := restore(s, decided, got)
			if !s.Fired() {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if !errors.Is(err, storetest.ErrInjected) {
				t.Fatalf("%s operation %d of %q: error %v", mode, i, s.Trace(), err)
			}
			if err := restore(raw, decided, got); err != nil || !maps.Equal(got.data, want.data) {
				t.Fatalf("%s operation %d: tried again: %v, %v", mode, i, got.data, err)
			}
		}
	}
}
