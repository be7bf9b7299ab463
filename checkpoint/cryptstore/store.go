package cryptstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weirstream/weir/checkpoint/store"
)

// Store encrypts what is put into another one.
type Store struct {
	store.Store
	keys  *Keys
	plain bool // files that are not encrypted are read as they are
}

// New encrypts what goes into s; Close closes s.
func New(s store.Store, keys *Keys) *Store { return &Store{s, keys, false} }

// NewPlain is New, and files that are not encrypted are read as well. Without keys (nil) nothing is encrypted, and what is can't be read.
func NewPlain(s store.Store, keys *Keys) *Store {
	if keys == nil {
		keys = &Keys{}
	}
	return &Store{s, keys, true}
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if len(s.keys.all) == 0 {
		return s.Store.Put(ctx, name, write)
	}
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

// Get implements store.Store. The blob has to be encrypted with one of the keys, under a name with this last part, or not at all if it may be plain.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	rc, err := s.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.plain {
		sealed, all, err := sealed(rc)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("checkpoint store %s: read %s: %w", s.URL(), name, err), rc.Close())
		}
		if rc = all; !sealed {
			return rc, nil
		}
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

// sealed looks at the first bytes, which stay in front of the rest.
func sealed(rc io.ReadCloser) (yes bool, all io.ReadCloser, err error) {
	b := bufio.NewReaderSize(rc, 32<<10)
	head, err := b.Peek(len(magic) + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(head) == magic+" ", struct {
		io.Reader
		io.Closer
	}{b, rc}, err
}

// List implements store.Store: sizes are those of the contents.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Info, error) {
	infos, err := s.Store.List(ctx, prefix)
	if s.plain {
		return infos, err // as they are: which of them are encrypted only reading would tell
	}
	for i := range infos {
		infos[i].Size = max(0, openedSize(infos[i].Size))
	}
	return infos, err
}
