// Package filestore keeps checkpoints in a folder of the local file system, or of one that is mounted there.
//
// A Put writes to a temporary file under .tmp, syncs it, renames it to its name and syncs the folder: after a crash at any
// moment a name shows its old blob or its new one, whole. What a crash leaves under .tmp is removed by a later Open.
//
// What comes in large pieces goes past the page cache where that can be done (direct.go), and to the disk while it is written.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/internal/failpoint"
)

const (
	tmpDir = ".tmp"
	// tmpAge is how old a temporary file must be to be removed by Open. If it guesses wrong, and a Put has taken that
	// long, that Put fails, and its epoch is repeated: the clock is not needed for safety.
	tmpAge = time.Hour
	// bytesPerSync is how much of a large file is handed to the disk at a time.
	bytesPerSync = 1 << 20
)

// Store implements store.Store.
type Store struct {
	url, root string
	fs        vfs.FS
	session   string        // parts our temporary files from those of other processes
	seq       atomic.Uint64 // and from each other

	mu    sync.Mutex
	ready map[string]bool // folders that exist durably
}

// Open uses folder root on fs, creating it if need be, and makes sure that it can be written. url is what URL returns.
func Open(fs vfs.FS, root, url string) (*Store, error) {
	s := &Store{url: url, root: root, fs: fs, session: newSession(), ready: map[string]bool{}}
	if err := s.probe(); err != nil {
		if diskfull.Is(err) {
			return nil, fmt.Errorf("folder %s can't be used: %w", root, diskfull.Explain(err))
		}
		return nil, fmt.Errorf("folder %s can't be used: %w; it must be writable by this process, or be created by it", root, err)
	}
	s.removeOldTemps(time.Now().Add(-tmpAge))
	return s, nil
}

func (s *Store) probe() error {
	if err := s.ensureDir(s.fs.PathJoin(s.root, tmpDir)); err != nil {
		return err
	}
	tmp := s.tempName()
	err := s.writeTemp(tmp, func(w io.Writer) error {
		_, err := io.WriteString(w, "probe")
		return err
	})
	return errors.Join(err, s.removeTemp(tmp))
}

// removeOldTemps is courtesy: what it can't remove stays.
func (s *Store) removeOldTemps(before time.Time) {
	dir := s.fs.PathJoin(s.root, tmpDir)
	names, err := s.fs.List(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		path := s.fs.PathJoin(dir, name)
		if info, err := s.fs.Stat(path); err == nil && info.ModTime().Before(before) {
			_ = s.fs.Remove(path)
		}
	}
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	if err := s.put(ctx, s.path(name), write); err != nil {
		return fmt.Errorf("checkpoint store %s: put %s: %w", s.url, name, diskfull.Explain(err))
	}
	return nil
}

func (s *Store) put(ctx context.Context, path string, write func(io.Writer) error) error {
	dir := s.fs.PathDir(path)
	if err := errors.Join(ctx.Err(), s.ensureDir(dir)); err != nil {
		return err
	}
	tmp := s.tempName()
	err := s.writeTemp(tmp, func(w io.Writer) error { return write(store.Writer(ctx, w)) })
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.fs.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, s.removeTemp(tmp))
	}
	return s.syncDir(dir)
}

// writeTemp leaves a synced file. A large one goes to the disk while it is written: else all of it would wait for the sync, and the writer with it.
func (s *Store) writeTemp(tmp string, write func(io.Writer) error) error {
	f, err := s.fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	f = vfs.NewSyncingFile(&direct{File: f, bypass: bypassCache}, vfs.SyncingFileOptions{BytesPerSync: bytesPerSync, NoSyncOnClose: true})
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) removeTemp(tmp string) error {
	if err := s.fs.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	err := errors.Join(ctx.Err(), store.CheckName(name))
	if err == nil {
		path := s.path(name)
		var info vfs.FileInfo
		if info, err = s.fs.Stat(path); err == nil && info.IsDir() {
			return nil, store.NotExist(s.url, name)
		}
		var f vfs.File
		if err == nil {
			f, err = s.fs.Open(path, vfs.SequentialReadsOption)
		}
		if err == nil {
			return f, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.NotExist(s.url, name)
	}
	return nil, fmt.Errorf("checkpoint store %s: get %s: %w", s.url, name, err)
}

// Delete implements store.Store. It does not sync: a file that comes back is garbage again.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	var errs []error
	for _, name := range names {
		err := errors.Join(ctx.Err(), store.CheckName(name))
		if err == nil {
			if failpoint.Enabled {
				failpoint.Hit("delete-file")
			}
			err = s.removeTemp(s.path(name))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("checkpoint store %s: delete %s: %w", s.url, name, err))
		}
	}
	return errors.Join(errs...)
}

// URL implements store.Store.
func (s *Store) URL() string { return s.url }

// Close implements store.Store.
func (s *Store) Close() error { return nil }

func (s *Store) path(name string) string { return s.fs.PathJoin(s.root, name) }

func (s *Store) tempName() string {
	return s.fs.PathJoin(s.root, tmpDir, s.session+"-"+strconv.FormatUint(s.seq.Add(1), 10))
}
