package hdfsstore

import (
	"context"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/weirstream/weir/checkpoint/store"
)

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
		return nil, s.failed("list", prefix, err)
	}
	slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

func (s *Store) walk(ctx context.Context, dir, prefix string, infos *[]store.Info) error {
	var found []os.FileInfo
	err := s.clients.try(ctx, func(c *client) (err error) {
		found, err = readDir(c, path.Join(s.root, dir))
		return err
	})
	if err != nil {
		if isNotExist(err) {
			return nil
		}
		return err
	}
	for _, info := range found {
		if store.CheckSegment(info.Name()) != nil {
			continue // ours (.tmp) or a stranger's; never a blob
		}
		name := path.Join(dir, info.Name())
		switch {
		case info.IsDir() && (strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name+"/")):
			if err := s.walk(ctx, name, prefix, infos); err != nil {
				return err
			}
		case !info.IsDir() && strings.HasPrefix(name, prefix):
			*infos = append(*infos, store.Info{Name: name, Size: info.Size(), ModTime: info.ModTime()})
		}
	}
	return nil
}

// readDir lists a folder; a file has nothing below it.
func readDir(c *client, dir string) ([]os.FileInfo, error) {
	info, err := c.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, err
	}
	return c.ReadDir(dir)
}
