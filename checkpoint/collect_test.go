package checkpoint_test

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/memstore"
)

// hookStore calls hook before each Get.
type hookStore struct {
	checkpoint.Store
	hook func(name string)
}

func (h *hookStore) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	h.hook(name)
	return h.Store.Get(ctx, name)
}

func mustPrepare(t *testing.T, r *checkpoint.Repository, id, parent checkpoint.ID) {
	t.Helper()
	if _, err := r.Prepare(context.Background(), checkpoint.Manifest{ID: id, Parent: parent}, nil); err != nil {
		t.Fatal(err)
	}
}

// TestPrepareDuringCollect: a checkpoint that is prepared while the collector looks at manifests is not garbage.
func TestPrepareDuringCollect(t *testing.T) {
	ctx := context.Background()
	raw := memstore.Open("")
	old, err := checkpoint.NewRepository(raw, "job", "r1", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, old, checkpoint.MakeID("r1", 1), "")
	mustPrepare(t, old, checkpoint.MakeID("r1", 2), checkpoint.MakeID("r1", 1))

	s := &hookStore{Store: raw, hook: func(string) {}}
	r, err := checkpoint.NewRepository(s, "job", "r2", checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Local state is there already, so the older manifest has not been read yet.
	if _, err := r.Plan(ctx, checkpoint.MakeID("r1", 2), checkpoint.MakeID("r1", 2)); err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, r, checkpoint.MakeID("r2", 1), checkpoint.MakeID("r1", 2))
	hooked := 0
	s.hook = func(string) {
		if hooked++; hooked == 1 {
			mustPrepare(t, r, checkpoint.MakeID("r2", 2), checkpoint.MakeID("r2", 1))
		}
	}
	p, err := checkpoint.NewCollector(r).Collect(ctx, checkpoint.MakeID("r2", 1), 1)
	if err != nil || len(p.Delete) > 0 || hooked == 0 {
		t.Errorf("%v, %v; hook called %d times", p, err, hooked)
	}
}

// TestOlderDecisionCollectsNothing: background collections may come out of order.
func TestOlderDecisionCollectsNothing(t *testing.T) {
	ctx := context.Background()
	r, _ := baseRepo(t, checkpoint.Options{})
	var parent checkpoint.ID
	for epoch := uint64(1); epoch <= 4; epoch++ {
		mustPrepare(t, r, checkpoint.MakeID("r1", epoch), parent)
		parent = checkpoint.MakeID("r1", epoch)
	}
	c := checkpoint.NewCollector(r)
	for _, epoch := range []uint64{4, 2} {
		if p, err := c.Collect(ctx, checkpoint.MakeID("r1", epoch), 1); err != nil || len(p.Delete) > 0 {
			t.Errorf("decided %d: %v, %v", epoch, p, err)
		}
	}
}

// TestSideBySide runs everything at once, for the race detector.
func TestSideBySide(t *testing.T) {
	ctx := context.Background()
	r, _ := baseRepo(t, checkpoint.Options{InlineLimit: 100, BaseFileSize: 1000})
	c := checkpoint.NewCollector(r)
	first := checkpoint.MakeID("r1", 1)
	mustPrepare(t, r, first, "")
	decided, bases := make(chan checkpoint.ID, 100), make(chan checkpoint.BaseRef, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(bases)
		for id := range decided {
			if _, err := c.Collect(ctx, id, 2); err != nil {
				t.Error(err)
			}
			if err := c.Observe(ctx); err != nil {
				t.Error(err)
			}
			if _, err := r.BaseStats(ctx, id); err != nil {
				t.Error(err)
			}
			base, err := r.WriteBase(ctx, id, scanN(100))
			if err != nil {
				t.Error(err)
			}
			bases <- base
		}
	})
	parent, base := first, checkpoint.BaseRef{}
	for epoch := uint64(2); epoch < 60; epoch++ {
		select {
		case base = <-bases:
		default:
		}
		m, err := r.Prepare(ctx, checkpoint.Manifest{ID: checkpoint.MakeID("r1", epoch), Parent: parent, Base: base}, benchEntries(int(epoch)))
		if err != nil {
			t.Fatal(err)
		}
		parent = m.ID
		decided <- parent
	}
	close(decided)
	wg.Wait()
	if p, err := r.Plan(ctx, parent, ""); err != nil {
		t.Errorf("%v, %v", p, err)
	}
}
