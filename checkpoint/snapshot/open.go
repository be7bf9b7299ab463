package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/store"
)

// Snapshot is a savepoint to be read. Its methods may be called side by side.
type Snapshot struct {
	store  store.Store
	path   string
	header Header
	closes bool // the store
}

// Open reads and verifies the header of the savepoint at path. If there is none, the error wraps store.ErrNotExist.
func Open(ctx context.Context, s store.Store, path string) (*Snapshot, error) {
	h, err := loadHeader(ctx, s, path)
	if errors.Is(err, store.ErrNotExist) {
		err = fmt.Errorf("there is none, or its creation did not come to its end: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("savepoint %s: %w", URL(s, path), err)
	}
	return &Snapshot{store: s, path: path, header: h}, nil
}

// OpenURL opens a savepoint anywhere; see Locate. It creates nothing, and must be closed.
func OpenURL(ctx context.Context, url string) (*Snapshot, error) {
	return OpenIn(ctx, url, checkpoint.ReadStore)
}

// OpenIn is OpenURL in a store that open opens.
func OpenIn(ctx context.Context, url string, open func(url string) (store.Store, error)) (*Snapshot, error) {
	s, path, err := openURL(url, open)
	if err != nil {
		return nil, fmt.Errorf("savepoint %s: %w", checkpoint.RedactURL(url), err)
	}
	snap, err := Open(ctx, s, path)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	snap.closes = true
	return snap, nil
}

func loadHeader(ctx context.Context, s store.Store, path string) (Header, error) {
	file := path + "/" + headerFile
	if err := store.CheckName(file); err != nil {
		return Header{}, err
	}
	rc, err := s.Get(ctx, file)
	if err != nil {
		return Header{}, err
	}
	h, err := readHeader(rc, file)
	return h, errors.Join(err, rc.Close())
}

// Header is what the savepoint says of itself. It must not be changed.
func (s *Snapshot) Header() Header { return s.header }

// URL is where the savepoint is.
func (s *Snapshot) URL() string { return URL(s.store, s.path) }

// Close closes what OpenURL opened.
func (s *Snapshot) Close() error {
	if !s.closes {
		return nil
	}
	s.closes = false
	return s.store.Close()
}

// Locate splits the URL of a savepoint into the store's, as WEIR_CHECKPOINT_STORE gives it, and the path within it. The store of a mem:// URL is its
// first segment; of any other it is all but the last one. What stands behind a question mark belongs to the store.
func Locate(url string) (storeURL, path string, err error) {
	where, query, asked := strings.Cut(url, "?")
	scheme, rest, ok := strings.Cut(where, "://")
	rest = strings.TrimRight(rest, "/")
	cut := strings.LastIndexByte(rest, '/')
	if scheme == "mem" {
		cut = strings.IndexByte(rest, '/')
	}
	if !ok || cut < 0 {
		return "", "", fmt.Errorf("%q is no URL of a savepoint, such as file:///var/lib/weir/checkpoints/wordcount/savepoint/before-upgrade", checkpoint.RedactURL(url))
	}
	storeURL, path = scheme+"://"+rest[:cut], rest[cut+1:]
	if scheme == "file" && cut == 0 {
		storeURL += "/"
	}
	if asked {
		storeURL += "?" + query
	}
	if err := store.CheckName(path); err != nil {
		return "", "", fmt.Errorf("savepoint %s: %w", checkpoint.RedactURL(url), err)
	}
	return storeURL, path, nil
}

func openURL(url string, open func(url string) (store.Store, error)) (store.Store, string, error) {
	storeURL, path, err := Locate(url)
	if err != nil {
		return nil, "", err
	}
	s, err := open(storeURL)
	return s, path, err
}

// Path is where a job's savepoint of that name is in the job's own store.
func Path(job, name string) string { return job + "/savepoint/" + name }

// URL is where the savepoint at path in a store is.
func URL(s store.Store, path string) string {
	url, query, asked := strings.Cut(s.URL(), "?")
	if url = strings.TrimRight(url, "/") + "/" + path; asked {
		url += "?" + query
	}
	return url
}

func get(ctx context.Context, s store.Store, name string) ([]byte, error) {
	rc, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(rc)
	return all, errors.Join(err, rc.Close())
}

func put(ctx context.Context, s store.Store, name string, data []byte) error {
	return s.Put(ctx, name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
