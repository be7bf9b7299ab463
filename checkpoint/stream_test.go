package checkpoint_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// cancelTarget cancels after the first entry or delta.
type cancelTarget struct{ cancel func() }

func (c cancelTarget) Apply([]state.Entry, string) error {
	c.cancel()
	return nil
}

func (c cancelTarget) Load(next state.Blocks, _ string) error {
	for {
		entries, err := next()
		if err != nil || len(entries) == 0 {
			return err
		}
		c.cancel()
	}
}

// TestCancelledRestore never looks like one that has come to its end.
func TestCancelledRestore(t *testing.T) {
	bg := context.Background()
	r, _ := baseRepo(t, checkpoint.Options{BaseFileSize: 200_000, InlineLimit: 100})
	first := checkpoint.MakeID("r1", 1)
	mustPrepare(t, r, first, "")
	base, err := r.WriteBase(bg, first, scanN(100_000))
	if err != nil {
		t.Fatal(err)
	}
	parent := first
	for epoch := uint64(2); epoch < 30; epoch++ {
		m, err := r.Prepare(bg, checkpoint.Manifest{ID: checkpoint.MakeID("r1", epoch), Parent: parent, Base: base}, benchEntries(5))
		if err != nil {
			t.Fatal(err)
		}
		parent = m.ID
	}
	for _, marker := range []checkpoint.ID{"", first} {
		ctx, cancel := context.WithCancel(bg)
		p, err := r.Plan(ctx, parent, marker)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Restore(ctx, p, cancelTarget{cancel}); !errors.Is(err, context.Canceled) {
			t.Errorf("marker %q: error %v, want context.Canceled", marker, err)
		}
		cancel()
	}
}

// TestStreamsBeyondTheBudget: deltas that are not read into memory give the same result.
func TestStreamsBeyondTheBudget(t *testing.T) {
	defer checkpoint.SetMemoryBudgetForTest(500)()
	roundTrip(t, mustRepo(t, "mem://", "r1", checkpoint.Options{InlineLimit: 1}))
}
