package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// play runs the schedule: (actor, steps) pairs, then everybody to the end. Actors start with their first turn. The actor after the runs is a reader.
func play(m *model, schedule [][2]int, epochs, runs int) (steps []int, err error) {
	return playAll(m, schedule, epochs, runs, 0)
}

func playAll(m *model, schedule [][2]int, epochs, runs, readers int) (steps []int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	actors := make([]*actor, runs+readers)
	defer func() {
		cancel()
		for _, a := range actors {
			if a != nil {
				<-a.done
			}
		}
	}()
	steps = make([]int, len(actors))
	turn := func(i int) (bool, error) {
		if actors[i] == nil && i < runs {
			actors[i] = m.start(ctx, fmt.Sprintf("r%d", i), func(a *actor) error { return a.life(epochs) })
		} else if actors[i] == nil {
			actors[i] = m.start(ctx, fmt.Sprintf("reader%d", i), (*actor).read)
		}
		if !actors[i].grant() {
			return false, nil
		}
		steps[i]++
		if m.broken != nil {
			return false, fmt.Errorf("after steps %v, step of run r%d: %w", steps, i, m.broken)
		}
		return true, nil
	}
	for i := range actors {
		schedule = append(schedule, [2]int{i, 1 << 30})
	}
	for _, s := range schedule {
		for range s[1] {
			more, err := turn(s[0])
			if err != nil {
				return steps, err
			}
			if !more {
				break
			}
		}
	}
	return steps, errors.Join(m.actorsFailed(actors), m.check())
}

// actorsFailed: a run may only fail because it has been fenced and its files were collected; the owner never, and a reader never.
func (m *model) actorsFailed(actors []*actor) error {
	for _, a := range actors {
		if a != nil && a.err != nil && (a.run == m.owner || a.reads) {
			return fmt.Errorf("run %s owns or holds the job's files and failed: %w", a.run, a.err)
		}
	}
	return nil
}

// TestTwoRunsExhaustively freezes the first run after every number of steps, lets the second do every number of steps, thaws the first
// to its end, and lets the second finish.
func TestTwoRunsExhaustively(t *testing.T) {
	for _, retain := range []int{1, 3} {
		t.Run(fmt.Sprint("retain ", retain), func(t *testing.T) { twoRuns(t, retain) })
	}
}

func twoRuns(t *testing.T, retain int) {
	const epochs = 5
	alone, err := play(newModel(retain, properly), nil, epochs, 1)
	if err != nil {
		t.Fatal(err)
	}
	schedules, longest := 0, alone[0]
	for freeze := 0; freeze <= alone[0]; freeze++ {
		for other := 0; other <= longest; other++ {
			schedules++
			steps, err := play(newModel(retain, properly), [][2]int{{0, freeze}, {1, other}, {0, 1 << 30}}, epochs, 2)
			if err != nil {
				t.Fatalf("r0 freezes after %d steps and thaws after %d steps of r1: %v", freeze, other, err)
			}
			longest = max(longest, steps[1])
		}
	}
	t.Logf("%d schedules of 2 runs with up to %d steps", schedules, longest)
}

// TestManyRunsRandomly switches between four runs at random.
func TestManyRunsRandomly(t *testing.T) {
	seed := rand.Uint64()
	for i := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, i))
		var schedule [][2]int
		for range 5 + rng.IntN(40) {
			schedule = append(schedule, [2]int{rng.IntN(4), 1 + rng.IntN(1+rng.IntN(30))})
		}
		if _, err := play(newModel(1+rng.IntN(4), properly), schedule, 8, 4); err != nil {
			t.Fatalf("seed %d, %d: %v", seed, i, err)
		}
	}
}

// TestModelCatchesNaiveCollection shows that the model can see what it is for.
func TestModelCatchesNaiveCollection(t *testing.T) {
	for freeze := range 40 {
		for other := range 40 {
			if _, err := play(newModel(1, naively), [][2]int{{0, freeze}, {1, other}, {0, 1 << 30}}, 7, 2); err != nil {
				t.Logf("r0 freezes after %d steps and thaws after %d steps of r1: %v", freeze, other, err)
				return
			}
		}
	}
	t.Error("the model let a collector without fencing pass")
}
