package entrysort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/state"
)

// Run is a sorted file.
type Run struct {
	File    string `json:"file"`
	Level   int    `json:"level"`
	Entries uint64 `json:"entries"`
	Digest  string `json:"digest"`
}

// write writes a run.
func (s *Sorter) write(level int, entries state.Blocks) (run Run, err error) {
	run = Run{File: fmt.Sprintf("run-%06d", s.files.Number), Level: level}
	s.files.Number++
	f, err := os.Create(filepath.Join(s.folder, run.File))
	if err != nil {
		return run, fmt.Errorf("sort state: %w", diskfull.Explain(err))
	}
	sum, err := copyAll(entryfile.NewWriter(f), entries.Each())
	run.Entries, run.Digest = sum.Entries, digest(sum)
	if err == nil && s.durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = fmt.Errorf("sort state: write %s: %w", f.Name(), diskfull.Explain(err))
	}
	return run, err
}

func copyAll(w *entryfile.Writer, next checkpoint.Next) (entryfile.Summary, error) {
	for {
		e, ok, err := next()
		if err != nil {
			return entryfile.Summary{}, err
		}
		if !ok {
			return w.Close()
		}
		if err := w.Add(e.Key, e.Value, false); err != nil {
			return entryfile.Summary{}, err
		}
	}
}

func digest(sum entryfile.Summary) string { return fmt.Sprintf("%016x", sum.Digest) }

// read opens runs. Their files are closed by closeFiles, after an error too.
func (s *Sorter) read(runs []Run) (sources []state.Blocks, err error) {
	for _, run := range runs {
		f, err := os.Open(filepath.Join(s.folder, run.File))
		if err != nil {
			return nil, fmt.Errorf("sort state: %w", err)
		}
		s.open = append(s.open, f)
		sources = append(sources, state.InBlocks(s.entries(run, f)))
	}
	return sources, nil
}

func (s *Sorter) entries(run Run, f *os.File) checkpoint.Next {
	in := entryfile.NewReader(f, f.Name(), 0)
	n := 0
	return func() (state.Entry, bool, error) {
		if n++; n%1024 == 0 && s.ctx.Err() != nil {
			return state.Entry{}, false, s.ctx.Err()
		}
		e, ok, err := in.Next()
		if err == nil && !ok {
			if got := in.Summary(); got.Entries != run.Entries || digest(got) != run.Digest {
				err = &checkpoint.CorruptError{File: f.Name(), Detail: "it is whole but not the run that was written"}
			}
		}
		if err != nil {
			err = fmt.Errorf("sort state: %w", err)
		}
		return e, ok, err
	}
}
