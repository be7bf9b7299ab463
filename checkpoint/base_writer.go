package checkpoint

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/weirstream/weir/checkpoint/entryfile"
)

// baseWriter cuts a scan into files. A file is written by a Put in a goroutine of its own, fed through a pipe.
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
	pipe *io.PipeWriter
	done chan error // the result of Put
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
		w.part.pipe.CloseWithError(err)
		if putErr := <-w.part.done; !errors.Is(putErr, err) {
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
	r, pipe := io.Pipe()
	p := &basePart{name: name, pipe: pipe, done: make(chan error, 1)}
	p.out = entryfile.NewWriter(&throttled{ctx: w.ctx, w: pipe, rate: w.rate, since: time.Now()})
	go func() {
		err := w.repo.store.Put(w.ctx, w.repo.path(name), func(out io.Writer) error {
			_, err := io.Copy(out, r)
			return err
		})
		r.CloseWithError(err) // whoever still writes must not wait for ever
		p.done <- err
	}()
	w.part = p
}

func (w *baseWriter) finish() error {
	sum, err := w.part.out.Close()
	if err != nil {
		return err
	}
	w.part.pipe.Close() //nolint:errcheck // always nil
	err = <-w.part.done
	ref := refOf(sum)
	ref.Name = w.part.name
	w.refs, w.part = append(w.refs, ref), nil
	return err
}

// throttled bounds how fast a base is written, and how much of a core it takes: it rests for as long as what is written was worked for, or for as
// long as the rate says if that is more. A job's tasks wait for a core otherwise, and its checkpoints for the disk.
type throttled struct {
	ctx   context.Context
	w     io.Writer
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
