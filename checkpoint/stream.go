package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/weirstream/weir/state"
)

// memoryBudget is the bytes of deltas that a full restore reads whole, side by side, before it begins; the rest is streamed.
var memoryBudget int64 = 64 << 20

// readers is how many files are read side by side.
const readers = 4

// Stream is the full state at a checkpoint, sorted. It must be closed.
type Stream struct {
	blocks state.Blocks
	next   Next
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	opened []*entrySource
}

// Next returns the next entry; ok is false at the end, when every file was verified. Entries are never overwritten.
func (s *Stream) Next() (state.Entry, bool, error) { return s.next() }

// Block returns the next entries, some at a time, and none at the end: a state.Blocks. Who calls it doesn't call Next.
func (s *Stream) Block() ([]state.Entry, error) { return s.blocks() }

// Close ends the reading and waits for it.
func (s *Stream) Close() error {
	s.cancel()
	s.wg.Wait()
	var errs []error
	for _, o := range s.opened {
		errs = append(errs, o.close())
	}
	return errors.Join(errs...)
}

// Stream opens the full state of a plan whose Full is set.
func (r *Repository) Stream(ctx context.Context, p Plan) (*Stream, error) {
	if !p.Full {
		return nil, fmt.Errorf("stream checkpoint %s: the plan is not for a full restore; make it with an empty marker", p.Target)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{cancel: cancel}
	deltas, err := r.deltaSources(ctx, p, s, memoryBudget)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("restore checkpoint %s of %s: %w", p.Target, r.URL(), advise(err)), s.Close())
	}
	sources := []state.Blocks{s.prefetch(ctx, &baseReader{repo: r, files: p.Base.Files, hear: p.OnRead})}
	sources = append(sources, r.changeSources(ctx, restores, p.Base.Changes, s, p.OnRead)...)
	s.blocks = Merge(append(sources, deltas...)...)
	s.next = s.blocks.Each()
	return s, nil
}

// changeSources begins to read a base's changes, side by side.
func (r *Repository) changeSources(ctx context.Context, w *window, changes []FileRef, s *Stream, hear func(n int64)) (sources []state.Blocks) {
	for _, ref := range changes {
		src := r.fetch(ctx, w, ref, hear)
		s.opened = append(s.opened, src)
		sources = append(sources, src.blocks)
	}
	return sources
}

// deltaSources reads deltas into memory, the newest first, as far as the budget goes, and opens the others.
func (r *Repository) deltaSources(ctx context.Context, p Plan, s *Stream, budget int64) ([]state.Blocks, error) {
	steps := p.Deltas
	sources := make([]state.Blocks, len(steps))
	errs := make([]error, len(steps))
	slots := make(chan struct{}, readers)
	var wg sync.WaitGroup
	for i := len(steps) - 1; i >= 0; i-- {
		inMemory := steps[i].Delta.Size <= budget
		if inMemory {
			budget -= steps[i].Delta.Size
		}
		slots <- struct{}{}
		wg.Go(func() {
			sources[i], errs[i] = r.deltaSource(ctx, steps[i].Delta, inMemory, s, p.OnRead)
			<-slots
		})
	}
	wg.Wait()
	return sources, errors.Join(errs...)
}

func (r *Repository) deltaSource(ctx context.Context, ref FileRef, inMemory bool, s *Stream, hear func(n int64)) (state.Blocks, error) {
	if inMemory {
		entries, err := r.readDelta(ctx, ref, hear)
		return inOne(entries), err
	}
	src, err := r.open(ctx, ref, hear)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, src)
	return src.blocks, nil
}

// inOne is entries in one block.
func inOne(entries []state.Entry) state.Blocks {
	return func() (block []state.Entry, err error) {
		block, entries = entries, nil
		return block, nil
	}
}
