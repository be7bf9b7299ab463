package pebble

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stampName is the file that says whose folder this is.
const stampName = "weir-state.json"

// folderFormat is the version of everything that the folder holds. A newer one is refused.
const folderFormat = 1

type stamp struct {
	Format int    `json:"format"`
	Job    string `json:"job"`
}

// readStamp reads the stamp; ok is false if there is none.
func readStamp(fsys vfs.FS, dir string) (s stamp, ok bool, err error) {
	path := fsys.PathJoin(dir, stampName)
	f, err := fsys.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return s, false, err
	}
	if err := json.Unmarshal(b, &s); err != nil || s.Format < 1 {
		return s, false, fmt.Errorf("%s is damaged: remove the folder, it is rebuilt from the checkpoints", path)
	}
	return s, true, nil
}

// check refuses the folders of others and of later versions.
func (s stamp) check(dir, job string) error {
	if s.Format > folderFormat {
		return fmt.Errorf("state folder %s has format %d, written by a newer version; this one reads up to %d", dir, s.Format, folderFormat)
	}
	if s.Job != job {
		return fmt.Errorf("state folder %s belongs to job %q, not to job %q: give each job a folder of its own", dir, s.Job, job)
	}
	return nil
}

// writeStamp publishes the stamp atomically: a crash leaves it whole or not at all.
func writeStamp(fsys vfs.FS, dir, job string) error {
	b, err := json.Marshal(stamp{Format: folderFormat, Job: job})
	if err != nil {
		return err
	}
	temp := fsys.PathJoin(dir, stampName+".tmp")
	f, err := fsys.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(temp, fsys.PathJoin(dir, stampName)); err != nil {
		return err
	}
	return syncDir(fsys, dir)
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
