package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/metrics"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/twophase"
)

const (
	// applyBytes, applyLayers and applyAge say when decided epochs are applied to the backend: together, since a key
	// that changed in each of them is then written once. Their deltas are durable, so the backend may lag.
	applyBytes  = 16 << 20
	applyLayers = 512
	applyAge    = 3 * time.Second
	// roomBytes of decided state not applied yet hold the next epoch back, so that memory stays bounded.
	roomBytes = 48 << 20
)

// layer is the state that a decided epoch changed.
type layer struct {
	id      checkpoint.ID
	epoch   uint64
	runs    [][]state.Entry    // that follow on each other
	base    checkpoint.BaseRef // the base that its manifest names
	attempt *attempt
	bytes   int64
	added   time.Time
}

// publisher turns decided epochs into committed state, in their order and at leisure. Whoever needs the backend to be
// up to date drains it first.
type publisher struct {
	in    *Instance
	shard *shard
	base  *baser

	mu       sync.Mutex
	moved    sync.Cond
	layers   []layer
	bytes    int64 // of layers, and of those being applied
	applying bool
	hurry    int // callers that wait for all layers to be applied
	stopped  bool
	ended    bool
	err      error
}

func newPublisher(s *shard) *publisher {
	p := &publisher{in: s.in, shard: s, base: newBaser(s)}
	p.moved.L = &p.mu
	return p
}

// add queues a decided epoch. It never blocks.
func (p *publisher) add(l layer) {
	l.bytes = sizeOf(l.runs)
	l.added = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.layers = append(p.layers, l)
	p.bytes += l.bytes
	p.moved.Broadcast()
}

// run applies layers until stop.
func (p *publisher) run() {
	defer p.tick()()
	for {
		layers, ok := p.next()
		if !ok {
			return
		}
		err := p.apply(layers)
		p.mu.Lock()
		p.applying = false
		for i := range layers {
			p.bytes -= layers[i].bytes
		}
		p.err = err
		p.moved.Broadcast()
		p.mu.Unlock()
		if err != nil {
			p.in.post(event{Event: twophase.Event{Kind: twophase.Failed, Op: twophase.Publish, Cause: twophase.Fatal}, err: err})
		}
	}
}

// tick wakes the publisher up from time to time, so that a layer that grows old is noticed, until the result is called.
func (p *publisher) tick() (stop func()) {
	ticker, done := time.NewTicker(applyAge/4), make(chan struct{})
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.mu.Lock()
				p.moved.Broadcast()
				p.mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// next waits until layers are due and takes them.
func (p *publisher) next() ([]layer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.due() {
		if p.stopped && len(p.layers) == 0 || p.err != nil {
			p.ended = true
			p.moved.Broadcast()
			return nil, false
		}
		p.moved.Wait()
	}
	layers := p.layers
	p.layers = nil
	p.applying = true
	return layers, true
}

func (p *publisher) due() bool {
	if len(p.layers) == 0 || p.err != nil {
		return false
	}
	return p.hurry > 0 || p.stopped || p.bytes >= applyBytes || len(p.layers) >= applyLayers ||
		time.Since(p.layers[0].added) >= applyAge
}

// apply writes layers to the backend as one, the newer entry of a key over the older.
func (p *publisher) apply(layers []layer) error {
	started := time.Now()
	if err := inject("apply-before"); err != nil {
		return err
	}
	var runs [][]state.Entry
	for _, l := range layers {
		runs = append(runs, l.runs...)
	}
	newest := layers[len(layers)-1]
	if err := p.shard.backend.Apply(state.Merge(runs...), string(newest.id)); err != nil {
		return fmt.Errorf("applying checkpoint %s to the state backend: %w", newest.id, err)
	}
	hit("apply-after")
	if newest.attempt != nil {
		newest.attempt.applied(p.shard, newest.epoch)
	}
	p.in.m.Phase(metrics.PhasePublish, time.Since(started))
	p.in.measureState()
	p.base.applied(layers)
	return nil
}

// drain returns when every layer added so far is in the backend.
func (p *publisher) drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.mu.Lock(); p.moved.Broadcast(); p.mu.Unlock() })
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurry++
	p.moved.Broadcast()
	for (len(p.layers) > 0 || p.applying) && p.err == nil && ctx.Err() == nil {
		p.moved.Wait()
	}
	p.hurry--
	if p.err != nil {
		return p.err
	}
	return ctx.Err()
}

// waitForRoom holds the caller back while too much decided state waits to be applied.
func (p *publisher) waitForRoom(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { p.mu.Lock(); p.moved.Broadcast(); p.mu.Unlock() })
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.bytes >= roomBytes && p.err == nil && ctx.Err() == nil {
		p.moved.Wait()
	}
}

// stop applies what is left, waits for a base being written to be given up, and makes everything durable.
func (p *publisher) stop() error {
	p.mu.Lock()
	p.stopped = true
	p.moved.Broadcast()
	for !p.ended {
		p.moved.Wait()
	}
	err := p.err
	p.mu.Unlock()
	p.base.stop()
	if err == nil {
		err = p.shard.backend.Flush()
	}
	return err
}

// newestBase returns the newer of the base that a manifest names and the one that this run has written.
func (p *publisher) newestBase(named checkpoint.BaseRef) checkpoint.BaseRef {
	return p.base.newest(named)
}
