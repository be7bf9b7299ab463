package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/state"
)

// origin is what a job starts from, opened.
type origin struct {
	header snapshot.Header
	scan   func(ctx context.Context) (next state.Blocks, close func() error, err error)
	store  checkpoint.Store // nil if there is none
}

// close ends the reading.
func (o *origin) close() {
	if o.store != nil {
		_ = o.store.Close()
	}
}

// open opens what the job starts from; without a savepoint that is nothing.
func (b *beginning) open() (*origin, error) {
	if b.from.URL != "" {
		return openOrigin(b.ctx, b.from)
	}
	return &origin{header: snapshot.Header{MaxParallelism: b.in.o.MaxParallelism}, scan: func(context.Context) (state.Blocks, func() error, error) {
		return func() ([]state.Entry, error) { return nil, nil }, func() error { return nil }, nil
	}}, nil
}

func openOrigin(ctx context.Context, from RestoreFrom) (*origin, error) {
	open := from.OpenStore
	if open == nil {
		open = checkpoint.ReadStore
	}
	if at, ok := checkpoint.Locate(from.URL); ok {
		return openCheckpoint(ctx, open, at)
	}
	url, path, err := snapshot.Locate(from.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	store, err := open(url)
	if err != nil {
		return nil, asStore(err)
	}
	s, err := snapshot.Open(ctx, store, path)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &origin{header: s.Header(), store: store, scan: func(ctx context.Context) (state.Blocks, func() error, error) {
		st, err := s.Scan(ctx, 0, ^uint16(0))
		if err != nil {
			return nil, nil, err
		}
		return st.Block, st.Close, nil
	}}, nil
}

// asStore: a store that is not there now may be there the next time; all else is a matter of settings.
func asStore(err error) error {
	if errors.Is(err, checkpoint.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrConfig, err)
}

// openCheckpoint takes a checkpoint for a savepoint. It must be there as long as it is read: collection does not know of us.
func openCheckpoint(ctx context.Context, open func(string) (checkpoint.Store, error), at checkpoint.Location) (*origin, error) {
	if at.Shard != "" {
		return nil, fmt.Errorf("%w: it is a checkpoint of one shard of many (WEIR_EXCHANGE=kafka); take a savepoint, which has all of them", ErrConfig)
	}
	store, err := open(at.Store)
	if err != nil {
		return nil, asStore(err)
	}
	repo, err := checkpoint.NewRepository(store, at.Job, "", checkpoint.Options{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrConfig, err), store.Close())
	}
	plan, err := repo.Plan(ctx, at.ID, "")
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	h := headerOf(&plan.Manifest)
	h.Name, h.Created = string(at.ID), plan.Manifest.Created
	for _, f := range slices.Concat(plan.Base.Files, plan.Base.Changes) {
		h.Files = append(h.Files, snapshot.File{FileRef: f})
	}
	for _, s := range plan.Deltas {
		h.Files = append(h.Files, snapshot.File{FileRef: s.Delta})
	}
	return &origin{header: h, store: store, scan: func(ctx context.Context) (state.Blocks, func() error, error) {
		st, err := repo.Stream(ctx, plan)
		if err != nil {
			return nil, nil, err
		}
		return st.Block, st.Close, nil
	}}, nil
}
