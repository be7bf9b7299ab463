package checkpoint

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Files of a base are used one after the other, but those that come next are fetched meanwhile: a store that is far away gives more on several
// connections than on one.
const (
	filesAhead = 3 // behind the one in use
	chunkBytes = 512 << 10
	ownChunks  = 2 // that each file may hold whatever others do: the one in use always goes on
)

// window bounds what all fetches in it hold beside that.
type window struct {
	mu   sync.Mutex
	cond sync.Cond // whenever something in it, or in one of its fetches, changes
	free int       // chunks
}

func newWindow(chunks int) *window {
	w := &window{free: chunks}
	w.cond.L = &w.mu
	return w
}

// restores is the window of all restores of this process. The memory limit doesn't count it: a fold, which is for long beside a job at work, has none.
var restores = newWindow(64 << 20 / chunkBytes)

var chunkBuffers = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// fetch is a file that is read on a goroutine of its own, as far ahead as there is room. Read and Close belong to one goroutine.
type fetch struct {
	w      *window
	cancel context.CancelFunc
	ended  chan struct{}

	// Guarded by the window's lock.
	queue  []chunk
	own    int // chunks that count against ownChunks
	closed bool

	now  chunk // being read
	left []byte
}

type chunk struct {
	buf *[chunkBytes]byte
	n   int
	own bool
	err error // behind its bytes
}

// newFetch begins at once. Errors, that of opening the file too, come from Read.
func newFetch(ctx context.Context, w *window, s Store, name string) *fetch {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetch{w: w, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		f.run(ctx, s, name)
	}()
	return f
}

func (f *fetch) run(ctx context.Context, s Store, name string) {
	rc, err := s.Get(ctx, name)
	if err != nil {
		f.push(chunk{err: err, own: true})
		return
	}
	var failed error
	for failed == nil {
		c, ok := f.reserve()
		if !ok {
			break
		}
		for c.n < chunkBytes && failed == nil {
			var m int
			m, failed = rc.Read(c.buf[c.n:])
			c.n += m
		}
		if c.err = failed; failed != nil && !errors.Is(failed, io.EOF) {
			c.err = errors.Join(failed, ctx.Err())
		}
		f.push(c)
	}
	_ = rc.Close() // it was only read, and what counts is verified by who reads it here
}

// reserve waits for room; not ok: nobody wants more.
func (f *fetch) reserve() (c chunk, ok bool) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for {
		switch {
		case f.closed:
			return c, false
		case f.own < ownChunks:
			f.own++
			return chunk{buf: chunkBuffers.Get().(*[chunkBytes]byte), own: true}, true
		case f.w.free > 0:
			f.w.free--
			return chunk{buf: chunkBuffers.Get().(*[chunkBytes]byte)}, true
		}
		f.w.cond.Wait()
	}
}

func (f *fetch) push(c chunk) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.queue = append(f.queue, c)
	f.w.cond.Broadcast()
}

// release gives a chunk's room back. The caller holds the lock.
func (f *fetch) release(c chunk) {
	if c.buf == nil {
		return
	}
	chunkBuffers.Put(c.buf)
	if c.own {
		f.own--
	} else {
		f.w.free++
	}
	f.w.cond.Broadcast()
}

// Read implements io.Reader.
func (f *fetch) Read(p []byte) (int, error) {
	for len(f.left) == 0 {
		if f.now.err != nil {
			return 0, f.now.err
		}
		f.next()
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// next waits for a chunk.
func (f *fetch) next() {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.release(f.now)
	for len(f.queue) == 0 {
		f.w.cond.Wait()
	}
	f.now, f.queue = f.queue[0], f.queue[1:]
	if f.now.buf != nil {
		f.left = f.now.buf[:f.now.n]
	}
}

// Close implements io.Closer: it ends the reading and waits for it.
func (f *fetch) Close() error {
	f.cancel()
	f.w.mu.Lock()
	f.closed = true
	f.w.cond.Broadcast()
	f.w.mu.Unlock()
	<-f.ended
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.release(f.now)
	for _, c := range f.queue {
		f.release(c)
	}
	f.now, f.queue, f.left = chunk{err: io.ErrClosedPipe}, nil, nil
	return nil
}
