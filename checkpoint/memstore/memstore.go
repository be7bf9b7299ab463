// Package memstore is a checkpoint store in memory, for tests and for jobs that may forget everything when they end.
package memstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint/store"
)

type blob struct {
	data []byte // never changed once stored, so readers need no lock
	at   time.Time
}

// Store implements store.Store. It outlives Close: durable means "as long as the process".
type Store struct {
	url   string
	mu    sync.Mutex
	blobs map[string]blob
}

var shared = struct {
	sync.Mutex
	byName map[string]*Store
}{byName: map[string]*Store{}}

// Open returns the store of that name, the same one for everybody in this process; with an empty name, a private one.
func Open(name string) *Store {
	if name == "" {
		return newStore("mem://")
	}
	shared.Lock()
	defer shared.Unlock()
	s, ok := shared.byName[name]
	if !ok {
		s = newStore("mem://" + name)
		shared.byName[name] = s
	}
	return s
}

func newStore(url string) *Store { return &Store{url: url, blobs: map[string]blob{}} }

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	var b bytes.Buffer
	err := write(store.Writer(ctx, &b))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("checkpoint store %s: put %s: %w", s.url, name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[name] = blob{data: b.Bytes(), at: time.Now()}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("checkpoint store %s: get %s: %w", s.url, name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blobs[name]
	if !ok {
		return nil, store.NotExist(s.url, name)
	}
	return io.NopCloser(bytes.NewReader(b.data)), nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("checkpoint store %s: list %s: %w", s.url, prefix, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []store.Info
	for name, b := range s.blobs {
		if strings.HasPrefix(name, prefix) {
			infos = append(infos, store.Info{Name: name, Size: int64(len(b.data)), ModTime: b.at})
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name < infos[j].Name })
	return infos, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("checkpoint store %s: delete: %w", s.url, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.blobs, name)
	}
	return nil
}

// URL implements store.Store.
func (s *Store) URL() string { return s.url }

// Close implements store.Store.
func (s *Store) Close() error { return nil }
