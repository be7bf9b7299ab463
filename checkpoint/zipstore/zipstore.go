// Package zipstore compresses what goes into a checkpoint store with zstd (RFC 8878).
//
// A compressed blob is one zstd frame, which `zstd -d` reads. What was put without compression is read as it is, so that it can be begun and ended at any time;
// a blob whose own content begins like a zstd frame must not be put without. Memory is bounded: at most about 2 MiB for each blob that is being written, and 10 MiB for one
// that is being read. The blobs' own checksums are of their contents, so damage is found behind the decompression as well.
//
// Sizes in listings are those in the store.
package zipstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/store"
)

const (
	window    = 512 << 10
	maxWindow = 8 << 20 // of frames that others have made
)

var frame = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Store compresses what is put into another one, or only reads what is compressed there.
type Store struct {
	store.Store
	compress bool
}

// New reads compressed blobs from s, and compresses what goes into it if compress is set; Close closes s.
func New(s store.Store, compress bool) *Store { return &Store{s, compress} }

// Coders keep large buffers, so they are used again.
var (
	encoders = sync.Pool{New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
		if err != nil {
			panic(fmt.Sprintf("zstd: %v", err)) // the options are constants
		}
		return e
	}}
	decoders = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			panic(fmt.Sprintf("zstd: %v", err)) // the options are constants
		}
		return d
	}}
)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if !s.compress {
		return s.Store.Put(ctx, name, write)
	}
	return s.Store.Put(ctx, name, func(to io.Writer) error {
		e := encoders.Get().(*zstd.Encoder)
		defer encoders.Put(e)
		e.Reset(to)
		defer e.Reset(nil)
		if err := write(e); err != nil {
			return err
		}
		return e.Close()
	})
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	rc, err := s.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	below := &tracked{from: rc}
	buf := bufio.NewReaderSize(below, 32<<10)
	head, err := buf.Peek(len(frame))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("checkpoint store %s: read %s: %w", s.URL(), name, err), rc.Close())
	}
	if !bytes.Equal(head, frame) {
		return plain{buf, rc}, nil
	}
	d := decoders.Get().(*zstd.Decoder)
	if err := d.Reset(buf); err != nil {
		decoders.Put(d)
		return nil, errors.Join(&entryfile.CorruptError{File: name, Detail: "zstd: " + err.Error()}, rc.Close())
	}
	return &reader{name: name, below: below, decoder: d, close: rc.Close}, nil
}

type plain struct {
	io.Reader
	io.Closer
}

// tracked remembers how the store failed, and how far it was read.
type tracked struct {
	from io.Reader
	n    int64
	err  error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// reader decompresses. It belongs to one goroutine.
type reader struct {
	name    string
	below   *tracked
	decoder *zstd.Decoder
	close   func() error
}

// Read implements io.Reader. What is damaged is told from a store that fails.
func (r *reader) Read(p []byte) (int, error) {
	if r.decoder == nil {
		return 0, fmt.Errorf("read %s: it is closed", r.name)
	}
	n, err := r.decoder.Read(p)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case r.below.err != nil:
		return n, fmt.Errorf("read %s: %w", r.name, r.below.err)
	}
	return n, &entryfile.CorruptError{File: r.name, Offset: r.below.n, Detail: "zstd: " + err.Error()}
}

// Close implements io.Closer.
func (r *reader) Close() error {
	if r.decoder != nil {
		_ = r.decoder.Reset(nil) // lets go of the file; it can't fail
		decoders.Put(r.decoder)
		r.decoder = nil
	}
	return r.close()
}
