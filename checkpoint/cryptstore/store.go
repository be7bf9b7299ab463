package cryptstore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weirstream/weir/checkpoint/store"
)

// Store encrypts what is put into another one.
type Store struct {
	store.Store
	keys *Keys
}

// New encrypts what goes into s; Close closes s.
func New(s store.Store, keys *Keys) *Store { return &Store{s, keys} }

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return s.Store.Put(ctx, name, func(to io.Writer) error {
		w, err := newWriter(to, s.keys.all[0], name)
		if err != nil {
			return fmt.Errorf("encrypt %s: %w", name, err)
		}
		if err := write(w); err != nil {
			return err
		}
		return w.close()
	})
}

// Get implements store.Store. The blob has to be encrypted with one of the keys, under this name.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	rc, err := s.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := newReader(rc, s.keys, name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint store %s: %w", s.URL(), err), rc.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, rc}, nil
}

// List implements store.Store: sizes are those of the contents.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Info, error) {
	infos, err := s.Store.List(ctx, prefix)
	for i := range infos {
		infos[i].Size = max(0, openedSize(infos[i].Size))
	}
	return infos, err
}
