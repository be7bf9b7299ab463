package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/state"
)

// entrySource reads one file that a FileRef names, and verifies that it holds what the FileRef says.
type entrySource struct {
	ref    FileRef
	file   string
	reader *entryfile.Reader
	close  func() error
}

// heard calls hear, if there is one, with the number of bytes of each read.
type heard struct {
	io.Reader
	hear func(n int64)
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if h.hear != nil && n > 0 {
		h.hear(int64(n))
	}
	return n, err
}

// open begins to read the entries of a delta or of a base file. hear may be nil.
func (r *Repository) open(ctx context.Context, ref FileRef, hear func(n int64)) (*entrySource, error) {
	file := r.path(ref.Name)
	if ref.Inline {
		_, id := parseName(ref.Name)
		_, end, rc, err := r.openManifest(ctx, id)
		if err != nil {
			return nil, err
		}
		return &entrySource{ref, file, entryfile.NewReader(heard{rc, hear}, file, end), rc.Close}, nil
	}
	rc, err := r.store.Get(ctx, file)
	if err != nil {
		return nil, err
	}
	return &entrySource{ref, file, entryfile.NewReader(heard{rc, hear}, file, 0), rc.Close}, nil
}

// fetch begins to read the entries of a file of a base, on a goroutine of its own.
func (r *Repository) fetch(ctx context.Context, w *window, ref FileRef, hear func(n int64)) *entrySource {
	file := r.path(ref.Name)
	f := newFetch(ctx, w, r.store, file)
	return &entrySource{ref, file, entryfile.NewReader(heard{f, hear}, file, 0), f.Close}
}

// block appends the next entries to dst, none at the end.
func (s *entrySource) block(dst []state.Entry) ([]state.Entry, error) {
	n := len(dst)
	dst, err := s.reader.ReadBlock(dst)
	if err != nil || len(dst) > n {
		return dst, err
	}
	if got := refOf(s.reader.Summary()); got.Checksum != s.ref.Checksum || got.Size != s.ref.Size || got.Entries != s.ref.Entries {
		return dst, &CorruptError{File: s.file, Offset: got.Size, Detail: fmt.Sprintf(
			"it is whole but another file than the manifest names: it has %d entries, %d bytes, digest %s; expected %d, %d, %s",
			got.Entries, got.Size, got.Checksum, s.ref.Entries, s.ref.Size, s.ref.Checksum)}
	}
	return dst, nil
}

// blocks is block as a state.Blocks.
func (s *entrySource) blocks() ([]state.Entry, error) { return s.block(nil) }

// ReadDelta returns all entries of a delta, verified. The zero FileRef has none.
func (r *Repository) ReadDelta(ctx context.Context, ref FileRef) (entries []state.Entry, err error) {
	return r.readDelta(ctx, ref, nil)
}

func (r *Repository) readDelta(ctx context.Context, ref FileRef, hear func(n int64)) (entries []state.Entry, err error) {
	if ref.Name == "" {
		return nil, nil
	}
	s, err := r.open(ctx, ref, hear)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	const sane = 1 << 20 // don't believe a number before the entries are there
	entries = make([]state.Entry, 0, min(ref.Entries, sane))
	for {
		n := len(entries)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if entries, err = s.block(entries); err != nil {
			return nil, err
		}
		if len(entries) == n {
			return entries, nil
		}
	}
}
