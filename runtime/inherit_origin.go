package runtime

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
)

// origin is what a job starts from, opened.
type origin struct {
	header snapshot.Header
	scan   func(ctx context.Context) (next checkpoint.Next, close func() error, err error)
	store  checkpoint.Store
}

func (o *origin) close() { _ = o.store.Close() } // it was only read

// ofCheckpoint is the URL of a checkpoint: of its manifest. ofShard is that of one in many.
var (
	ofCheckpoint = regexp.MustCompile(`^([a-z0-9]+://(?:.*/)?|mem://[^/]*/)([^/]+)/manifest/([^/?]+)(\?.*)?$`)
	ofShard      = regexp.MustCompile(`/shard/[^/]+/manifest/[^/?]+(\?.*)?$`)
)

func openOrigin(ctx context.Context, from RestoreFrom) (*origin, error) {
	open := from.OpenStore
	if open == nil {
		open = checkpoint.ReadStore
	}
	if ofShard.MatchString(from.URL) {
		return nil, fmt.Errorf("%w: it is a checkpoint of one shard of many (WEIR_EXCHANGE=kafka); take a savepoint, which has all of them", ErrConfig)
	}
	if m := ofCheckpoint.FindStringSubmatch(from.URL); m != nil {
		if id, err := checkpoint.ParseID(m[3]); err == nil {
			return openCheckpoint(ctx, open, strings.TrimSuffix(m[1], "/")+m[4], m[2], id)
		}
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
	return &origin{header: s.Header(), store: store, scan: func(ctx context.Context) (checkpoint.Next, func() error, error) {
		st, err := s.Scan(ctx, 0, ^uint16(0))
		if err != nil {
			return nil, nil, err
		}
		return st.Next, st.Close, nil
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
func openCheckpoint(ctx context.Context, open func(string) (checkpoint.Store, error), url, job string, id checkpoint.ID) (*origin, error) {
	store, err := open(url)
	if err != nil {
		return nil, asStore(err)
	}
	repo, err := checkpoint.NewRepository(store, job, "", checkpoint.Options{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrConfig, err), store.Close())
	}
	plan, err := repo.Plan(ctx, id, "")
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	m := plan.Manifest
	h := snapshot.Header{
		Job: job, Name: string(id), Created: m.Created, Checkpoints: []string{string(id)}, Exchange: m.Exchange, MaxParallelism: m.MaxParallelism,
		States: m.States, Sources: m.Sources, Watermarks: m.Watermarks, Drained: m.Finished,
	}
	for _, f := range slices.Concat(plan.Base.Files, plan.Base.Changes) {
		h.Files = append(h.Files, snapshot.File{FileRef: f})
	}
	for _, s := range plan.Deltas {
		h.Files = append(h.Files, snapshot.File{FileRef: s.Delta})
	}
	return &origin{header: h, store: store, scan: func(ctx context.Context) (checkpoint.Next, func() error, error) {
		st, err := repo.Stream(ctx, plan)
		if err != nil {
			return nil, nil, err
		}
		return st.Next, st.Close, nil
	}}, nil
}
