package checkpoint

import (
	"context"
	"errors"
	"time"

	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/store"
)

// baseWriter cuts a scan into files.
type baseWriter struct {
	ctx  context.Context
	repo *Repository
	seq  uint64
	rate int64 // bytes per second; 0: no bound

	limit int64 // where the next file begins

	part *basePart
	refs []FileRef
}

type basePart struct {
	name string
	out  *entryfile.Writer
	feed *store.Feed // of out
}

func (w *baseWriter) writeAll(scan Scan) ([]FileRef, error) {
	var failed error
	err := scan(func(key, value []byte) bool {
		failed = w.add(key, value, false)
		return failed == nil
	})
	return w.end(errors.Join(err, failed))
}

// end finishes the last file, or gives it up after an error.
func (w *baseWriter) end(err error) ([]FileRef, error) {
	if err == nil && w.part != nil {
		err = w.finish()
	}
	if err != nil && w.part != nil {
		if putErr := w.part.feed.Abort(err); !errors.Is(putErr, err) {
			err = errors.Join(err, putErr)
		}
	}
	return w.refs, err
}

func (w *baseWriter) add(key, value []byte, del bool) error {
	if w.part == nil {
		w.begin()
	}
	if err := w.part.out.Add(key, value, del); err != nil {
		return err
	}
	if w.part.out.Size() < w.limit {
		return nil
	}
	return w.finish()
}

func (w *baseWriter) begin() {
	name := w.repo.addBaseFile(w.seq)
	feed := store.NewFeed(w.ctx, w.repo.store, w.repo.path(name))
	out := &throttled{ctx: w.ctx, w: feed, rate: w.rate, since: time.Now()}
	w.part = &basePart{name: name, out: entryfile.NewWriter(out), feed: feed}
}

func (w *baseWriter) finish() error {
	sum, err := w.part.out.Close()
	if err != nil {
		return err
	}
	err = w.part.feed.Close()
	ref := refOf(sum)
	ref.Name = w.part.name
	w.refs, w.part = append(w.refs, ref), nil
	return err
}

// throttled bounds how fast a base is written, and how much of a core it takes: it rests for as long as what is written was worked for, or for as
// long as the rate says if that is more. A job's tasks wait for a core otherwise, and its checkpoints for the disk.
type throttled struct {
	ctx   context.Context
	w     *store.Feed
	rate  int64     // bytes per second; 0: no bound, and no rest
	since time.Time // the end of the last Write
}

func (t *throttled) Write(p []byte) (int, error) {
	if t.rate > 0 {
		rest := max(time.Since(t.since), time.Duration(float64(len(p))/float64(t.rate)*float64(time.Second)))
		if err := pause(t.ctx, rest); err != nil {
			return 0, err
		}
	}
	defer func() { t.since = time.Now() }()
	return t.w.Write(p)
}

// AvailableBuffer is the feed's.
func (t *throttled) AvailableBuffer() []byte { return t.w.AvailableBuffer() }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
