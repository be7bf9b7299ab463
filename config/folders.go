package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// checkFolders sees that the folders in use can be written, and blames the setting that chose them.
func (l *loader) checkFolders() {
	c := l.cfg
	if c.StateBackend == "pebble" {
		l.checkFolder("WEIR_STATE_DIR", c.StateDir)
	}
	if u, err := url.Parse(c.CheckpointStore); err == nil && u.Scheme == "file" {
		l.checkFolder("WEIR_CHECKPOINT_STORE", u.Path)
	}
}

func (l *loader) checkFolder(env, folder string) {
	if !l.isSet(env) {
		env = "WEIR_DATA_DIR"
	}
	if !l.ok(env) {
		return
	}
	if err := writable(folder); err != nil {
		v := l.given[env]
		if v.text == "" {
			v.text = l.cfg.DataDir
			l.given[env] = v
		}
		l.fail(env, "%v; expected a folder that this user can write, or that can be made", err)
	}
}

// writable says why folder cannot be written. If it does not exist yet, what counts is the nearest folder above it.
// It asks by writing, because permissions do not tell of read-only mounts, and leaves nothing behind.
func writable(folder string) error {
	for {
		info, err := os.Stat(folder)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("%s is a file", folder)
		case err == nil:
			return probe(folder)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return err
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return fmt.Errorf("%s does not exist", folder)
		}
		folder = parent
	}
}

func probe(folder string) error {
	f, err := os.CreateTemp(folder, ".weir-probe-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", folder, cause(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// cause drops the name of the probe from an error.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
