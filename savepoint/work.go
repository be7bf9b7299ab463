package savepoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirstream/weir/checkpoint/entrysort"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/state"
)

// work is the folder that an Edit works in: sorted runs, and a note of how far they reach. One process has it at a time.
type work struct {
	dir  string
	note note
	lock io.Closer
	own  bool // the folder was made for this Edit alone: nothing of it is to stay
}

// note says what the folder holds. What is not noted is written again.
type note struct {
	Identity string `json:"identity"`
	Step     int    `json:"step"` // how many of the bootstraps have come to their end
	Position string `json:"position"`

	entrysort.Files
	Seq     uint64             `json:"seq"`
	Put     int64              `json:"put"`
	States  []state.Descriptor `json:"states"`
	Writing bool               `json:"writing"` // of the new savepoint: files of it may be there
}

const (
	noteFile = "progress.json"
	lockFile = "LOCK"
)

// openWork takes the folder, with what is left of work for the same purpose.
func openWork(dir, identity string) (*work, error) {
	w := &work{dir: dir, own: dir == ""}
	var err error
	if w.own {
		w.dir, err = os.MkdirTemp("", "weir-savepoint-")
	} else {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("work folder: %w", diskfull.Explain(err))
	}
	if w.lock, err = vfs.Default.Lock(filepath.Join(w.dir, lockFile)); err != nil {
		return nil, fmt.Errorf("work folder %s is in use by another process: %w", w.dir, err)
	}
	if err := w.load(identity); err != nil {
		return nil, errors.Join(err, w.lock.Close())
	}
	return w, nil
}

func (w *work) load(identity string) error {
	b, err := os.ReadFile(filepath.Join(w.dir, noteFile))
	if errors.Is(err, fs.ErrNotExist) {
		w.note.Identity = identity
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w.note)
	}
	if err != nil {
		return fmt.Errorf("work folder %s: its note is unreadable; remove the folder to begin anew: %w", w.dir, err)
	}
	if w.note.Identity != identity {
		return fmt.Errorf("work folder %s holds the work of something else (other input, savepoint or target): remove it, or choose another folder", w.dir)
	}
	return nil
}

// sorter sorts in the folder, and goes on with what is noted.
func (w *work) sorter(ctx context.Context, memory int) (*entrysort.Sorter, error) {
	if w.own {
		return entrysort.New(ctx, filepath.Join(w.dir, "runs"), memory)
	}
	return entrysort.Resume(ctx, w.dir, memory, w.note.Files), nil
}

// save replaces the note.
func (w *work) save(n note) error {
	n.Identity = w.note.Identity
	if w.own { // nobody will resume it
		w.note = n
		return nil
	}
	b, err := json.MarshalIndent(n, "", "  ")
	if err == nil {
		err = w.replace(b)
	}
	if err != nil {
		return fmt.Errorf("work folder %s: %w", w.dir, diskfull.Explain(err))
	}
	w.note = n
	return nil
}

func (w *work) replace(b []byte) error {
	name := filepath.Join(w.dir, noteFile)
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	d, err := os.Open(w.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// end lets go of the folder. It stays, if there is work in it that can be resumed.
func (w *work) end(done bool) error {
	err := w.lock.Close()
	if done || w.own {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}
