package store

import (
	"context"
	"errors"
	"io"
	"sync"
)

const (
	// pieceBytes is how much a Feed hands on at a time: in smaller pieces much of the time goes to waking the other side.
	pieceBytes = 512 << 10
	// piecesAhead is how many of them may wait for the store, beside the one that is filled and the one that it writes.
	piecesAhead = 1
)

type piece [pieceBytes]byte

var pieces = sync.Pool{New: func() any { return new(piece) }}

// errEnded is of a store that broke what Put promises.
var errEnded = errors.New("the store took the blob for whole before its end")

// Feed is a Put whose blob is written from outside, piece by piece, while the store is at work on the pieces before. It holds 1.5 MiB at most, and
// belongs to one goroutine, which must end it by Close or Abort.
type Feed struct {
	full  chan filled
	now   filled // not handed on yet
	cause error  // why the blob is given up; set before full is closed

	done  chan struct{} // closed when Put has returned
	err   error         // its result
	whole bool          // it has had everything
}

type filled struct {
	buf *piece
	n   int
}

// NewFeed begins to put a blob. ctx is for all of it.
func NewFeed(ctx context.Context, s Store, name string) *Feed {
	f := &Feed{full: make(chan filled, piecesAhead), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.err = s.Put(ctx, name, f.drain)
	}()
	return f
}

// drain is what Put calls.
func (f *Feed) drain(out io.Writer) error {
	for p := range f.full {
		_, err := out.Write(p.buf[:p.n])
		pieces.Put(p.buf)
		if err != nil {
			return err
		}
	}
	f.whole = f.cause == nil
	return f.cause
}

// Write implements io.Writer. Its error is that of Put, which has failed meanwhile.
func (f *Feed) Write(p []byte) (n int, err error) {
	for n < len(p) {
		room := f.room()
		m := min(len(room), len(p)-n)
		if &room[0] != &p[n] { // else it was made there
			copy(room, p[n:])
		}
		f.now.n += m
		n += m
		if f.now.n == pieceBytes {
			if err := f.hand(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// AvailableBuffer is empty and has the room that the next Write fills first. What is appended to it and then written is not copied, as with
// bufio.Writer's.
func (f *Feed) AvailableBuffer() []byte { return f.room()[:0] }

func (f *Feed) room() []byte {
	if f.now.buf == nil {
		f.now.buf = pieces.Get().(*piece)
	}
	return f.now.buf[f.now.n:]
}

// hand hands on what is filled.
func (f *Feed) hand() error {
	select {
	case f.full <- f.now:
		f.now = filled{}
		return nil
	case <-f.done:
		return f.result()
	}
}

// Close ends the blob. Without an error it is durable and visible.
func (f *Feed) Close() error {
	if f.now.n > 0 {
		if err := f.hand(); err != nil {
			return err
		}
	}
	close(f.full)
	return f.result()
}

// Abort gives the blob up because of cause, and returns the error of Put, which most often is just that.
func (f *Feed) Abort(cause error) error {
	f.cause = cause
	close(f.full)
	return f.result()
}

func (f *Feed) result() error {
	<-f.done
	if f.err == nil && !f.whole {
		return errEnded
	}
	return f.err
}
