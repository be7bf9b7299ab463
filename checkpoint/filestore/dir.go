package filestore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/weirstream/weir/checkpoint/store"
)

func newSession() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (documented by crypto/rand)
	return hex.EncodeToString(b[:])
}

// ensureDir creates dir and makes it durable: a new folder's entry is in its parent, which must be synced too.
func (s *Store) ensureDir(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ensureDirLocked(dir)
}

func (s *Store) ensureDirLocked(dir string) error {
	if s.ready[dir] {
		return nil
	}
	parent := s.fs.PathDir(dir)
	if _, err := s.fs.Stat(dir); err == nil && !strings.HasPrefix(parent, s.root) || parent == dir {
		s.ready[dir] = true // outside the store and there already: somebody else's
		return nil
	}
	if err := s.ensureDirLocked(parent); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// Synced even if it existed: who made it may have crashed before its own sync.
	if err := s.syncDir(parent); err != nil {
		return err
	}
	s.ready[dir] = true
	return nil
}

func (s *Store) syncDir(dir string) error {
	d, err := s.fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// List implements store.Store. It walks only the deepest folder that prefix names.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Info, error) {
	base := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		base = prefix[:i]
		if err := store.CheckName(base); err != nil {
			return nil, err
		}
	}
	var infos []store.Info
	if err := s.walk(ctx, base, prefix, &infos); err != nil {
		return nil, fmt.Errorf("checkpoint store %s: list %s: %w", s.url, prefix, err)
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name < infos[j].Name })
	return infos, nil
}

func (s *Store) walk(ctx context.Context, dir, prefix string, infos *[]store.Info) error {
	names, err := s.fs.List(s.path(dir))
	if err = errors.Join(ctx.Err(), err); err != nil {
		return ignoreMissing(err)
	}
	for _, name := range names {
		if store.CheckSegment(name) != nil {
			continue // ours (.tmp) or a stranger's; never a blob
		}
		if dir != "" {
			name = dir + "/" + name
		}
		if err := s.visit(ctx, name, prefix, infos); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) visit(ctx context.Context, name, prefix string, infos *[]store.Info) error {
	if !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name+"/") {
		return nil
	}
	info, err := s.fs.Stat(s.path(name))
	if err != nil {
		return ignoreMissing(err)
	}
	if info.IsDir() {
		return s.walk(ctx, name, prefix, infos)
	}
	if strings.HasPrefix(name, prefix) {
		*infos = append(*infos, store.Info{Name: name, Size: info.Size(), ModTime: info.ModTime()})
	}
	return nil
}

// ignoreMissing forgives what was deleted between listing and looking.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
