package checkpoint

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirstream/weir/state"
)

// Target is what of a state.Backend a recovery needs.
type Target interface {
	Apply(entries []state.Entry, marker string) error
	Load(next state.Blocks, marker string) error
}

// Restore carries out a plan. After an error the target stands at an earlier checkpoint, or its Load has failed; in both cases a
// new Plan from its marker is the way on.
func (r *Repository) Restore(ctx context.Context, p Plan, t Target) error {
	if !p.Full {
		return r.replay(ctx, p, t)
	}
	s, err := r.Stream(ctx, p)
	if err != nil {
		return err
	}
	err = t.Load(s.Block, string(p.Target))
	if err = errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("restore checkpoint %s of %s: %w", p.Target.orNone(), r.URL(), advise(err))
	}
	return nil
}

// replay applies delta after delta; the next one is read meanwhile.
func (r *Repository) replay(ctx context.Context, p Plan, t Target) error {
	ctx, cancel := context.WithCancel(ctx)
	deltas := r.readAhead(ctx, p)
	defer func() {
		cancel()
		for range deltas { // wait for the reader to end
		}
	}()
	for i, step := range p.Deltas {
		d, ok := <-deltas
		if !ok {
			return ctx.Err() // only a cancelled reader ends early
		}
		if d.err != nil {
			return fmt.Errorf("replay checkpoint %s of %s to reach %s: %w", step.ID, r.URL(), p.Target, advise(d.err))
		}
		if len(d.entries) == 0 && i < len(p.Deltas)-1 {
			continue
		}
		if err := t.Apply(d.entries, string(step.ID)); err != nil {
			return fmt.Errorf("replay checkpoint %s of %s: %w", step.ID, r.URL(), err)
		}
	}
	return nil
}

type readDelta struct {
	entries []state.Entry
	err     error
}

// readAhead reads the plan's deltas in order, at most two of them waiting.
func (r *Repository) readAhead(ctx context.Context, p Plan) <-chan readDelta {
	out := make(chan readDelta, 1)
	go func() {
		defer close(out)
		for _, step := range p.Deltas {
			entries, err := r.readDelta(ctx, step.Delta, p.OnRead)
			select {
			case out <- readDelta{entries, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}
