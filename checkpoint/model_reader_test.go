package checkpoint_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/weirstream/weir/checkpoint"
)

// read is what somebody does who copies the job's state without owning it: hold, look what is decided, read, let go.
func (a *actor) read() (err error) {
	a.reads = true
	if a.repo, err = checkpoint.NewRepository(stepStore{a}, "job", "", checkpoint.Options{}); err != nil {
		return err
	}
	release := func(context.Context) error { return nil }
	if !a.m.noHolds {
		if release, err = a.repo.Hold(a.ctx, "copy"); err != nil {
			return err
		}
	}
	var id checkpoint.ID
	var want map[string]string
	if err := a.step(func() { id = a.m.decided; want = a.m.states[id] }); err != nil {
		return err
	}
	p, err := a.repo.Plan(a.ctx, id, "")
	if err != nil {
		return err
	}
	b := newBackend()
	if p.Full { // else nothing was ever decided
		err = a.repo.Restore(a.ctx, p, b)
	}
	if err != nil || !maps.Equal(b.data, want) {
		return fmt.Errorf("a copy of checkpoint %s has %v, %w; want %v", id, b.data, err, want)
	}
	return release(a.ctx)
}

// TestReaderExhaustively lets a reader copy what is decided, begun after every number of steps of a run and interrupted after every number of its
// own: nothing of what it copies is collected meanwhile. Without holds that is not so.
func TestReaderExhaustively(t *testing.T) {
	const epochs = 7
	alone, err := play(newModel(1, properly), nil, epochs, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, holds := range []bool{true, false} {
		var failed error
		for begun := 0; begun <= alone[0]; begun++ {
			for read := range 12 {
				m := newModel(1, properly)
				m.noHolds = !holds
				if _, err := playAll(m, [][2]int{{0, begun}, {1, read}, {0, 1 << 30}}, epochs, 1, 1); err != nil {
					failed = fmt.Errorf("the run stops after %d steps, the reader after %d of its own: %w", begun, read, err)
				}
			}
		}
		if holds && failed != nil || !holds && failed == nil {
			t.Errorf("with holds %v: %v", holds, failed)
		}
	}
}

// TestReadersRandomly switches between three runs and two readers at random.
func TestReadersRandomly(t *testing.T) {
	seed := rand.Uint64()
	for i := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, i))
		var schedule [][2]int
		for range 5 + rng.IntN(60) {
			schedule = append(schedule, [2]int{rng.IntN(5), 1 + rng.IntN(1+rng.IntN(30))})
		}
		if _, err := playAll(newModel(1+rng.IntN(3), properly), schedule, 8, 3, 2); err != nil {
			t.Fatalf("seed %d, %d: %v", seed, i, err)
		}
	}
}
