// Package store defines what a checkpoint store is: a flat set of named, immutable-by-convention blobs. Its drivers are
// the packages beside it; all of them pass the one suite in storetest.
package store

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// ErrNotExist is wrapped by the error of Get for a name that does not exist. It is fs.ErrNotExist.
var ErrNotExist = fs.ErrNotExist

// Store keeps blobs by name. Methods are safe for concurrent use; concurrent Puts of one name leave one of them, whole.
type Store interface {
	// Put writes the blob: write is called once with a writer to fill it. When Put returns nil the blob is durable
	// and visible under name, replacing any older one as a whole. When it fails, the older one (or none) is visible,
	// or, if the failure came after the write was finished, possibly the new one, whole; never a part of it.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Get opens the blob for reading; the caller closes it. A blob deleted or replaced meanwhile may end early with an error.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns the blobs whose names begin with prefix, sorted by name. Blobs put or deleted meanwhile may be missing or listed.
	List(ctx context.Context, prefix string) ([]Info, error)
	// Delete removes the blobs. A missing one is no error. After an error any of them may be gone. It need not be
	// durable: a blob may come back after a crash of the machine.
	Delete(ctx context.Context, names ...string) error
	// URL is where the store is, without secrets.
	URL() string
	Close() error
}

// Info describes a blob.
type Info struct {
	Name    string
	Size    int64     // informational, too, where a store packs blobs
	ModTime time.Time // informational: clocks are never used to decide anything
}

// MaxName bounds the length of a blob's name in bytes, so that every kind of store can hold it.
const MaxName = 512

// CheckName says whether every store can hold a blob of this name: segments of [A-Za-z0-9._-] parted by slashes, none
// empty, none beginning with a dot (those are the stores' own), at most MaxName bytes. A name must not also be the folder of another.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("checkpoint store: name %q… has %d bytes, at most %d are allowed", name[:40], len(name), MaxName)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if err := CheckSegment(segment); err != nil {
			return fmt.Errorf("checkpoint store: name %q: %w", name, err)
		}
	}
	return nil
}

// CheckSegment says whether s can stand between two slashes of a name.
func CheckSegment(s string) error {
	if s == "" || s[0] == '.' {
		return fmt.Errorf("%q must not be empty or begin with a dot", s)
	}
	for i := range len(s) {
		if !allowed(s[i]) {
			return fmt.Errorf("%q holds %q; allowed are letters, digits, '.', '_' and '-'", s, s[i])
		}
	}
	return nil
}

func allowed(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// NotExist is the error of a store at url that has no blob of that name.
func NotExist(url, name string) error {
	return fmt.Errorf("checkpoint store %s: get %s: %w", url, name, ErrNotExist)
}

// Writer fails as soon as ctx is done: it makes a long Put stop.
func Writer(ctx context.Context, w io.Writer) io.Writer { return ctxWriter{ctx, w} }

type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c ctxWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
