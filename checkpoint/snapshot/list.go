package snapshot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weirstream/weir/checkpoint/store"
)

// Found is a savepoint, or what is left of one.
type Found struct {
	Path   string
	Header Header
	Err    error // why the header can't be read
}

// List finds the savepoints whose paths begin with prefix, such as "wordcount/savepoint/", by path. One whose header is damaged is listed with
// its error.
func List(ctx context.Context, s store.Store, prefix string) ([]Found, error) {
	infos, err := s.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var all []Found
	for _, info := range infos {
		path, ok := strings.CutSuffix(info.Name, "/"+headerFile)
		if !ok || !strings.HasPrefix(path, prefix) {
			continue
		}
		h, err := loadHeader(ctx, s, path)
		if errors.Is(err, store.ErrNotExist) {
			continue // deleted meanwhile
		}
		all = append(all, Found{Path: path, Header: h, Err: err})
	}
	return all, nil
}

// Delete removes the savepoint at path, damaged or not, or what a creation left that did not come to its end. The header goes first: what is
// deleted halfway does not exist. If there is nothing, the error wraps store.ErrNotExist. It must not be called while the savepoint is created.
func Delete(ctx context.Context, s store.Store, path string) error {
	if err := remove(ctx, s, path); err != nil {
		return fmt.Errorf("delete savepoint %s: %w", URL(s, path), err)
	}
	return nil
}

func remove(ctx context.Context, s store.Store, path string) error {
	header := path + "/" + headerFile
	if err := store.CheckName(header); err != nil {
		return err
	}
	infos, err := s.List(ctx, path+"/")
	if err != nil {
		return err
	}
	var data []string
	exists := false
	for _, info := range infos {
		if info.Name == header {
			exists = true
		} else if isData(strings.TrimPrefix(info.Name, path+"/")) {
			data = append(data, info.Name)
		}
	}
	if !exists && len(data) == 0 {
		return store.NotExist(s.URL(), header)
	}
	if exists {
		if err := s.Delete(ctx, header); err != nil {
			return err
		}
	}
	return s.Delete(ctx, data...)
}
