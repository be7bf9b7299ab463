package weirtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/snapshot"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// StartFrom lets the job start from a savepoint, as WEIR_RESTORE_FROM does: one that Harness.Savepoint wrote, or any other. The topics that the job reads
// begin, empty, where the savepoint stands. CrashEverywhere then also lets go wrong what the start consists of.
func StartFrom(url string) Option { return func(s *settings) { s.from = url } }

// AllowDroppedState is WEIR_ALLOW_DROPPED_STATE: with the uids, or uid/name, of what may go, or without any for all.
func AllowDroppedState(of ...string) Option {
	if len(of) == 0 {
		of = []string{runtime.DropAll}
	}
	return func(s *settings) { s.allowDropped = of }
}

// RestoreOffsets is WEIR_RESTORE_OFFSETS: where sources begin instead of where the savepoint stands.
func RestoreOffsets(at stream.Start) Option { return func(s *settings) { s.offsets = &at } }

// MaxParallelism is WEIR_MAX_PARALLELISM, the number of key groups: 128 by default.
func MaxParallelism(n int) Option { return func(s *settings) { s.groups = n } }

// Parallelism is WEIR_PARALLELISM, the number of tasks of each keyed stage: 1 by default. With more, the order of outputs of different keys is anybody's guess.
func Parallelism(n int) Option { return func(s *settings) { s.parallelism = n } }

// Savepoint writes what the job has committed to url: mem://<name>/<path> keeps it in this test's process, file:///<path> on disk.
func (h *Harness) Savepoint(url string) {
	h.t.Helper()
	h.must(func() error { return h.world.savepoint(url) })
}

// savepoint copies the checkpoints that the decision records name.
func (w *world) savepoint(url string) (err error) {
	storeURL, path, err := snapshot.Locate(url)
	if err != nil {
		return err
	}
	store, err := checkpoint.OpenStore(storeURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ctx := context.Background()
	parts, header, err := w.committedParts(ctx)
	if err != nil {
		return err
	}
	out, err := snapshot.Create(ctx, store, path, header)
	if err != nil {
		return err
	}
	for n, k := range parts {
		p := out.Part(n)
		err := k.backend.Scan(nil, nil, func(key, value []byte) bool { return p.Add(state.Entry{Key: key, Value: value}) == nil })
		if err = errors.Join(err, p.Close()); err != nil {
			return errors.Join(err, out.Abort(ctx))
		}
	}
	_, err = out.Commit(ctx)
	return err
}

// committedParts are the checkpoints that the decision records name, by shard, and what they say together.
func (w *world) committedParts(ctx context.Context) (parts map[int]kept, h snapshot.Header, err error) {
	named, err := w.decisions()
	if err != nil {
		return nil, h, err
	}
	parts, h = map[int]kept{}, snapshot.Header{Job: w.name, Exchange: w.exchange, MaxParallelism: w.groups}
	for _, shard := range sortedKeys(named) {
		n, _ := strconv.Atoi(shard)
		if parts[n], err = w.restored(shard, named[shard]); err != nil {
			return nil, h, err
		}
		repo, err := checkpoint.NewRepository(w.store, w.name, "", checkpoint.Options{Shard: shard})
		if err != nil {
			return nil, h, err
		}
		m, err := repo.LoadManifest(ctx, named[shard])
		if err != nil {
			return nil, h, err
		}
		if h.States != nil && !reflect.DeepEqual(h.States, m.States) {
			return nil, h, fmt.Errorf("shards differ in their states: %v and %v", h.States, m.States)
		}
		h.States = m.States
		h.Watermarks = append(h.Watermarks, m.Watermarks...)
		h.Checkpoints = append(h.Checkpoints, string(m.ID))
		h.Sources = append(h.Sources, m.Sources...)
	}
	if w.exchange == "" {
		return parts, h, nil
	}
	h.Sources, err = w.committedSources()
	return parts, h, err
}

// committedSources are the positions of sources whose event time stands beside their offsets.
func (w *world) committedSources() (all []checkpoint.SourcePosition, err error) {
	decided, err := w.decided()
	if err != nil {
		return nil, err
	}
	for p, pos := range decided {
		if slices.Contains(w.internal, p.Topic) {
			continue
		}
		m, _, err := checkpoint.DecodeMetadata(pos.Metadata)
		if err != nil {
			return nil, err
		}
		all = append(all, checkpoint.SourcePosition{Topic: p.Topic, Partition: p.ID, Offset: pos.Offset, Watermark: m.Watermark, Idle: m.Idle})
	}
	return all, nil
}

// beginAt lets topics begin where the savepoint stands that the job starts from.
func (w *world) beginAt() error {
	if w.from == "" || w.asIs {
		return nil
	}
	s, err := snapshot.OpenURL(context.Background(), w.from)
	if err != nil {
		return err
	}
	for _, at := range s.Header().Sources {
		p := txn.Partition{Topic: at.Topic, ID: at.Partition}
		if _, _, err := w.cluster.Ends(p); err != nil {
			continue // the job has to say what becomes of it
		}
		for range at.Offset {
			if err := w.cluster.Append(Record{Topic: p.Topic, Partition: p.ID}); err != nil {
				return err
			}
		}
		if err := w.cluster.DeleteBefore(p, at.Offset); err != nil {
			return err
		}
	}
	return s.Close()
}

// restoreFrom is what a process is told.
func (w *world) restoreFrom(l *life) runtime.RestoreFrom {
	from := runtime.RestoreFrom{URL: w.from, AllowDropped: w.allowDropped, Scratch: w.scratch, OpenStore: func(url string) (checkpoint.Store, error) {
		s, err := checkpoint.OpenStore(url)
		return &readOnly{s, l}, err
	}}
	if w.offsets != nil {
		from.Offsets = func() (stream.Start, error) { return *w.offsets, nil }
	}
	return from
}

// readOnly is the store of a savepoint that is started from: reading it can fail, and writing is a mistake.
type readOnly struct {
	checkpoint.Store
	life *life
}

var errReadOnly = errors.New("weirtest: the store of the savepoint is written to")

func (s *readOnly) Get(ctx context.Context, name string) (rc io.ReadCloser, err error) {
	err = s.life.own("get-savepoint", func() (err error) { rc, err = s.Store.Get(ctx, name); return err })
	if err != nil {
		return nil, err
	}
	return rc, nil
}

func (s *readOnly) Put(context.Context, string, func(io.Writer) error) error { return errReadOnly }
func (s *readOnly) Delete(context.Context, ...string) error                  { return errReadOnly }
