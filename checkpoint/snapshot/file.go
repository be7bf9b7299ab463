package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/state"
)

// readFile passes the entries of one file to fn, block by block, until fn returns false. An end without error, which fn did not ask for, says
// that the file is the one that the header means. Entries are never overwritten.
func (s *Snapshot) readFile(ctx context.Context, f File, fn func([]state.Entry) bool) (err error) {
	name := s.path + "/" + f.Name
	rc, err := s.store.Get(ctx, name)
	if errors.Is(err, store.ErrNotExist) {
		err = fmt.Errorf("file %s is missing, although the header names it: %w", name, err)
	}
	if err != nil {
		return s.damaged(err)
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	r := entryfile.NewReader(ctxReader{ctx, rc}, name, 0)
	for size := 0; ; {
		entries, err := r.ReadBlock(make([]state.Entry, 0, size))
		if err == nil && len(entries) == 0 {
			return s.damaged(f.same(r.Summary(), name))
		}
		if err == nil {
			err = f.holds(entries, name)
		}
		if err != nil {
			return s.damaged(err)
		}
		size = len(entries) + len(entries)/8 // a guess for the next one
		if !fn(entries) {
			return nil
		}
	}
}

func (s *Snapshot) damaged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("savepoint %s: %w", s.URL(), err)
}

// same says whether what was read is what the header names.
func (f File) same(got entryfile.Summary, name string) error {
	digest := fmt.Sprintf("%016x", got.Digest)
	if digest == f.Checksum && got.Size == f.Size && got.Entries == f.FileRef.Entries {
		return nil
	}
	return &checkpoint.CorruptError{File: name, Offset: got.Size, Detail: fmt.Sprintf(
		"it is whole but another file than the header names: it has %d entries, %d bytes, digest %s; expected %d, %d, %s",
		got.Entries, got.Size, digest, f.FileRef.Entries, f.Size, f.Checksum)}
}

// holds checks what checksums can't: that the writer wrote what it said.
func (f File) holds(entries []state.Entry, name string) error {
	for i := range entries {
		group, _, _, _, err := state.SplitKey(entries[i].Key)
		switch {
		case err == nil && entries[i].Delete:
			err = fmt.Errorf("key %x is deleted; a savepoint holds no deletions", entries[i].Key)
		case err == nil && (group < f.First || group > f.Last):
			err = fmt.Errorf("key %x is not of key groups %d to %d", entries[i].Key, f.First, f.Last)
		}
		if err != nil {
			return &checkpoint.CorruptError{File: name, Detail: err.Error()}
		}
	}
	return nil
}

// ctxReader fails as soon as ctx is done.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
