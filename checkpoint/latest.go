package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MarkCommitted notes id as the last decided checkpoint, after its decision. The note is for people and tools, and tells a
// job whose decision record is gone that it is not new. It may lag, and a zombie may set it back: recovery never relies on
// it. So one call may stand for several commits, and none need wait for it.
func (r *Repository) MarkCommitted(ctx context.Context, id ID) error {
	if _, err := ParseID(string(id)); err != nil {
		return err
	}
	return r.store.Put(ctx, r.path(latestName), func(w io.Writer) error {
		_, err := io.WriteString(w, EncodeMetadata(id)+"\n")
		return err
	})
}

// Latest is what MarkCommitted noted last; ok is false if nothing was ever noted.
func (r *Repository) Latest(ctx context.Context) (id ID, ok bool, err error) {
	rc, err := r.store.Get(ctx, r.path(latestName))
	if errors.Is(err, ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	b, err := io.ReadAll(io.LimitReader(rc, 256))
	if err = errors.Join(err, rc.Close()); err != nil {
		return "", false, fmt.Errorf("read %s: %w", r.path(latestName), err)
	}
	text, ended := strings.CutSuffix(string(b), "\n")
	m, ours, err := DecodeMetadata(text)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", r.path(latestName), err)
	}
	if !ours || !ended {
		return "", false, &CorruptError{File: r.path(latestName), Detail: fmt.Sprintf("it holds %q, expected %q", b, EncodeMetadata("<id>")+"\n")}
	}
	return m.ID, true, nil
}
