package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// shard is the smallest part of a job's state that moves between instances, with all that keeps it: a chain of checkpoints in a folder of its
// own, a backend with what is committed, and the publisher that brings decided epochs there. With the exchange in memory one shard holds
// all key groups. With kafka there is one for each partition of the repartition topics, and it belongs to whoever owns that.
type shard struct {
	in        *Instance
	number    int
	name      string // of its folder; empty: the job's own
	repo      *checkpoint.Repository
	publisher *publisher
	collector *collection

	use  sync.Mutex  // held while the backend is brought to a checkpoint
	ours atomic.Bool // by us, to work on it; else by a standby

	mu      sync.Mutex
	backend state.Backend // nil until it is opened

	// Of the loop: what the last restore or commit has left.
	registry *state.Registry
	base     checkpoint.BaseRef
}

// newShard makes a shard; open opens it.
func newShard(in *Instance, number int, name string) (*shard, error) {
	repo, err := checkpoint.NewRepository(in.o.Store, in.o.JobID, in.runName, checkpoint.Options{Shard: name, BaseRate: baseRate})
	if err != nil {
		return nil, fmt.Errorf("%w: checkpoint store %s: %w", ErrConfig, in.o.Store.URL(), err)
	}
	s := &shard{in: in, number: number, name: name, repo: repo, collector: newCollection(repo, in.o.Retained)}
	s.publisher = newPublisher(s)
	return s, nil
}

// open makes the backend ready, unless it is, and lets decided epochs be applied to it.
func (s *shard) open() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backend != nil {
		return nil
	}
	backend := s.in.o.Backend
	if s.name != "" {
		if backend, err = s.in.o.OpenShard(s.name); err != nil {
			return err
		}
	}
	s.backend = backend
	go s.publisher.run()
	return nil
}

// stop makes durable what is decided, and closes what open opened.
func (s *shard) stop() (err error) {
	s.use.Lock()
	defer s.use.Unlock()
	s.mu.Lock()
	opened := s.backend != nil
	s.mu.Unlock()
	if !opened {
		return nil
	}
	err = s.publisher.stop()
	s.collector.wait()
	if s.name != "" {
		err = errors.Join(err, s.backend.Close())
	}
	return err
}

// size is about what the backend holds.
func (s *shard) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backend == nil {
		return 0
	}
	return s.backend.Size()
}

// restored is what a restore has found for a shard.
type restored struct {
	manifest checkpoint.Manifest
	registry *state.Registry
	base     checkpoint.BaseRef
}

// restore brings committed state to the checkpoint id. reg is what is known of its states from before; nil: the manifest says.
func (s *shard) restore(ctx context.Context, id checkpoint.ID, d decision, reg *state.Registry) (r restored, err error) {
	s.use.Lock()
	defer s.use.Unlock()
	s.ours.Store(true)
	if err := s.open(); err != nil {
		return r, err
	}
	if err := s.publisher.drain(ctx); err != nil {
		return r, err
	}
	if r.manifest, err = s.restoreState(ctx, id, d); err != nil {
		return r, fmt.Errorf("checkpoint %s: %w", id, markState(err))
	}
	if r.registry = reg; reg == nil { // nobody has worked on it yet, or another run has
		s.publisher.base.forget()
		s.collector.again()
		if r.registry, err = state.NewRegistry(r.manifest.States); err == nil {
			err = errors.Join(s.in.registerStates(r.registry), s.in.checkKept(r.manifest.States))
		}
		if err != nil {
			return r, fmt.Errorf("%w: %w", ErrState, err)
		}
		r.registry.RetireStamps()
		s.collector.observe(s.in.ctx, s.in.log)
	}
	r.base = s.publisher.newestBase(r.manifest.Base)
	return r, nil
}

// restoreState replays into the backend what it lacks, and returns the decision's manifest (empty without one).
func (s *shard) restoreState(ctx context.Context, id checkpoint.ID, d decision) (checkpoint.Manifest, error) {
	marker, err := s.backend.Marker()
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	if id == "" {
		if marker == "" {
			return checkpoint.Manifest{}, nil
		}
		return checkpoint.Manifest{}, s.backend.Reset()
	}
	m, err := s.repo.LoadManifest(ctx, id)
	if errors.Is(err, checkpoint.ErrNotExist) && !s.in.single() {
		return checkpoint.Manifest{}, fmt.Errorf("%w (do all instances have the same WEIR_CHECKPOINT_STORE, and reach it? A folder of one machine is not shared)", err)
	}
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	if err := s.in.checkManifest(&m, d); err != nil {
		return checkpoint.Manifest{}, err
	}
	if marker == string(id) {
		return m, nil
	}
	plan, err := s.repo.Plan(ctx, id, checkpoint.ID(marker))
	if err != nil {
		return checkpoint.Manifest{}, err
	}
	s.in.log.Info("restoring state", "shard", s.number, "checkpoint", id, "local", marker, "plan", plan.String())
	if !s.ours.Load() { // a standby's copy
		return m, s.repo.Restore(ctx, plan, s.backend)
	}
	t := &s.in.download
	t.begin(plan.Bytes())
	plan.OnRead = func(n int64) { hit("restore-read"); t.add(n) }
	err = s.repo.Restore(ctx, plan, s.backend)
	hit("restore-after")
	t.end(err)
	return m, err
}
