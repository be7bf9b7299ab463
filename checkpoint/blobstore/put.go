package blobstore

import (
	"bytes"
	"context"
	"io"

	"gocloud.dev/blob"

	"github.com/weirstream/weir/checkpoint/remote"
	"github.com/weirstream/weir/checkpoint/store"
)

const (
	smallBlob = 1 << 20
	// partSize times partsAtOnce is what a large Put takes of memory.
	partSize    = 8 << 20
	partsAtOnce = 4
)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	w := &writer{s: s, name: name, ctx: ctx}
	err := write(store.Writer(ctx, w))
	if err == nil {
		err = ctx.Err()
	}
	if err = w.close(err); err != nil {
		return s.failed("put", name, err)
	}
	return nil
}

// writer holds a blob back until it is complete or too large for that.
type writer struct {
	s    *Store
	name string
	ctx  context.Context
	held bytes.Buffer

	// Of a large blob: it is written into a pipe that an upload reads.
	pipe  *io.PipeWriter
	done  chan error // the upload's result
	watch *remote.Watch
}

func (w *writer) Write(p []byte) (n int, err error) {
	if w.pipe == nil && w.held.Len()+len(p) <= smallBlob {
		return w.held.Write(p)
	}
	if w.pipe == nil {
		w.begin()
		if _, err := w.flow(w.held.Bytes()); err != nil {
			return 0, err
		}
		w.held = bytes.Buffer{}
	}
	return w.flow(p)
}

// begin begins to send what has become too large to be held.
func (w *writer) begin() {
	var ctx context.Context
	w.watch, ctx = w.s.policy.NewWatch(w.ctx)
	r, pipe := io.Pipe()
	w.pipe, w.done = pipe, make(chan error, 1)
	go func() {
		err := w.s.bucket.Upload(ctx, w.name, r, options(partSize, partsAtOnce))
		r.CloseWithError(err) // whoever still writes must not wait for ever
		w.done <- err
	}()
}

func (w *writer) flow(p []byte) (n int, err error) {
	err = w.watch.Step(func() (err error) {
		n, err = w.pipe.Write(p)
		return err
	})
	return n, err
}

// close makes the blob visible, unless err is why it must not be.
func (w *writer) close(err error) error {
	switch {
	case w.pipe == nil && err == nil:
		return w.send()
	case w.pipe == nil:
		return err
	case err != nil:
		// The context first: some drivers take the end of what they read, whatever its reason, for the end of the blob.
		w.watch.End(err)
		w.pipe.CloseWithError(err)
		<-w.done //nolint:errcheck // it fails, since its context is cancelled: nothing becomes visible
		return err
	}
	defer w.watch.End(nil)
	return w.watch.Step(func() error {
		_ = w.pipe.Close() // always nil
		return <-w.done
	})
}

// send sends a small blob, again if need be.
func (w *writer) send() error {
	data := w.held.Bytes()
	return w.s.policy.Try(w.ctx, passes, func(ctx context.Context) error {
		return w.s.bucket.Upload(ctx, w.name, bytes.NewReader(data), options(len(data), 1))
	})
}

// options: a type that is given keeps the driver from guessing, and a buffer of the right size from taking megabytes for a manifest.
func options(size, atOnce int) *blob.WriterOptions {
	return &blob.WriterOptions{ContentType: "application/octet-stream", BufferSize: max(size, 1<<18), MaxConcurrency: atOnce}
}
