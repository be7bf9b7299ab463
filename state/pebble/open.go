package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/internal/diskfull"
)

// lockName is Pebble's.
const lockName = "LOCK"

// dataFolder holds Pebble's own files, inside the stamped folder.
const dataFolder = "pebble"

// Open opens the state of a job in dir, which is made if need be. Leftovers of a Load that did not come to its end are removed.
func Open(dir string, o Options) (*Backend, error) {
	o = o.withDefaults()
	if o.JobID == "" {
		return nil, fmt.Errorf("state folder %s: no job id is given", dir)
	}
	data := o.FS.PathJoin(dir, dataFolder)
	if err := claim(dir, data, o); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir, data, o)
	if err != nil {
		return nil, err
	}
	b := &Backend{dir: dir, log: o.Logger, fs: o.FS, options: o, memTable: uint64(o.MemTableBytes), snapshots: map[*snapshot]struct{}{}}
	b.idle.L = &b.mu
	b.blocks = newBlockCache(o)
	defer b.blocks.cache.Unref() // the open database keeps it
	db, err := openPebble(data, o.pebble(lock, b.blocks.cache, b.listener()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state folder %s: %w", dir, diskfull.Explain(err)), lock.Close())
	}
	b.db, b.lock = db, lock
	if err := errors.Join(b.clearLoad(), b.tidy()); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// openPebble turns into an error what Pebble panics with: some failures of the file system, among others.
func openPebble(data string, o *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("pebble gave up: %v", r)
		}
	}()
	return pebble.Open(data, o)
}

// claim checks whose folder it is, before anything in it is touched.
func claim(dir, data string, o Options) error {
	s, stamped, err := readStamp(o.FS, dir)
	if err != nil {
		return folderError(dir, err)
	}
	if stamped {
		return s.check(dir, o.JobID)
	}
	names, err := o.FS.List(data)
	if err != nil {
		return nil // nothing there yet, or nothing to be seen: making it will tell
	}
	// The lock alone is left of a crash before the stamp was written.
	if slices.ContainsFunc(names, func(name string) bool { return name != lockName }) {
		return fmt.Errorf("state folder %s has data but no %s that says whose: remove it if it can be spared", dir, stampName)
	}
	return nil
}

// lockFolder keeps other processes out, then stamps the folder if that is still to be done.
func lockFolder(dir, data string, o Options) (*pebble.Lock, error) {
	if err := makeFolder(o.FS, data); err != nil {
		return nil, folderError(dir, err)
	}
	lock, err := pebble.LockDirectory(data, o.FS)
	if err != nil {
		return nil, lockError(dir, err)
	}
	s, stamped, err := readStamp(o.FS, dir)
	switch {
	case err != nil:
	case stamped:
		err = s.check(dir, o.JobID)
	default:
		err = writeStamp(o.FS, dir, o.JobID)
	}
	if err != nil {
		return nil, errors.Join(folderError(dir, err), lock.Close())
	}
	return lock, nil
}

// makeFolder makes a folder that survives a crash: the names of new ones are synced too.
func makeFolder(fsys vfs.FS, dir string) error {
	var parents []string
	for d := dir; ; {
		if _, err := fsys.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		parent := fsys.PathDir(d)
		if parents = append(parents, parent); parent == d {
			break
		}
		d = parent
	}
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, parent := range parents {
		if err := syncDir(fsys, parent); err != nil {
			return err
		}
	}
	return nil
}

// folderError adds to an error what its reader can do about it.
func folderError(dir string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("state folder %s can't be written: make it a folder that this user may write, or name another one: %w", dir, err)
	}
	return fmt.Errorf("state folder %s: %w", dir, diskfull.Explain(err))
}

func lockError(dir string, err error) error {
	held := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) && !errors.Is(err, fs.ErrPermission) ||
		strings.Contains(err.Error(), "held by current process")
	if held {
		return fmt.Errorf("state folder %s is in use by another process: stop that one, or give this one a folder of its own: %w", dir, err)
	}
	return folderError(dir, err)
}
