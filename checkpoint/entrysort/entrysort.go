// Package entrysort sorts state entries that do not fit into memory: sorted runs in files of a folder, merged as they are read.
//
// Memory is bounded by what New or Resume is given, to which the garbage collector adds its share, and by about 100 KiB for each of the files that are merged, of
// which there are at most a few hundred. The files are entry files: damage on the disk is found.
//
// What New sorts is of use to this process only: nothing is synced, and nothing stays. Work that Resume goes on with outlives a crash: whoever does it notes
// Files after each Spill, with the place in the input that they reach to, and then lets RemoveMerged take what the note does not name any more.
package entrysort

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/state"
)

// DefaultMemory is how many bytes of entries are held before they are written to a file.
const DefaultMemory = 64 << 20

// fanIn is how many runs of one level become one of the next: files that are open at a time, and how often an entry is rewritten.
const fanIn = 64

// Sorter takes entries in any order and gives them back sorted; of those with the same key the last one counts. It belongs to one goroutine.
type Sorter struct {
	ctx     context.Context
	folder  string
	durable bool
	memory  int
	fanIn   int
	buffer  buffer
	files   Files
	merged  []Run // is part of another one now, and its file is still there
	open    []*os.File
}

// Files are the runs that a Sorter has written, oldest first.
type Files struct {
	Runs   []Run `json:"runs"`
	Number int   `json:"number"` // of the next one
}

// New sorts in a folder that must be for this alone: what an earlier process has left there is removed. memory is in bytes, 0: DefaultMemory.
func New(ctx context.Context, folder string, memory int) (*Sorter, error) {
	err := os.RemoveAll(folder)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("a folder to sort state in: %w", err)
	}
	return newSorter(ctx, folder, memory), nil
}

// Resume goes on with files in a folder, or begins there with none. Files of the folder that they don't name are left alone until a run needs the name.
func Resume(ctx context.Context, folder string, memory int, files Files) *Sorter {
	s := newSorter(ctx, folder, memory)
	s.durable, s.files = true, files
	return s
}

func newSorter(ctx context.Context, folder string, memory int) *Sorter {
	if memory <= 0 {
		memory = DefaultMemory
	}
	return &Sorter{ctx: ctx, folder: folder, memory: memory, fanIn: fanIn}
}

// Add takes a copy of an entry. Its key must not be empty.
func (s *Sorter) Add(key, value []byte) error {
	n := len(key) + len(value)
	if n > entryfile.MaxEntry {
		return fmt.Errorf("key and value have %d bytes, at most %d are allowed", n, entryfile.MaxEntry)
	}
	if held := s.Held(); held > 0 && held+n+itemBytes > s.memory {
		if err := s.Spill(); err != nil {
			return err
		}
	}
	s.buffer.add(key, value)
	return nil
}

// Held is how many bytes of memory entries take now.
func (s *Sorter) Held() int { return s.buffer.size() }

// Files says which files hold what was added up to the last Spill. It must not be changed.
func (s *Sorter) Files() Files { return s.files }

// Spill writes what is in memory to a file.
func (s *Sorter) Spill() error {
	if s.Held() == 0 {
		return nil
	}
	run, err := s.write(0, state.InBlocks(s.buffer.sorted()))
	if err != nil {
		return err
	}
	s.buffer.reset()
	s.files.Runs = append(s.files.Runs, run)
	return s.compact()
}

// compact makes one run of a level's last ones, if there are many.
func (s *Sorter) compact() error {
	for {
		runs := s.files.Runs
		level, from := runs[len(runs)-1].Level, len(runs)
		for from > 0 && runs[from-1].Level == level {
			from--
		}
		if len(runs)-from < s.fanIn {
			return nil
		}
		sources, err := s.read(runs[from:])
		var run Run
		if err == nil {
			run, err = s.write(level+1, checkpoint.Merge(sources...))
		}
		if err = errors.Join(err, s.closeFiles()); err != nil {
			return err
		}
		s.merged = append(s.merged, runs[from:]...)
		s.files.Runs = append(slices.Clone(runs[:from]), run)
		if s.durable {
			continue
		}
		if err := s.RemoveMerged(); err != nil {
			return err
		}
	}
}

// RemoveMerged removes files that Files names no more. A Sorter that New made does so by itself.
func (s *Sorter) RemoveMerged() error {
	merged := s.merged
	s.merged = nil
	for _, run := range merged {
		if err := os.Remove(filepath.Join(s.folder, run.File)); err != nil {
			return fmt.Errorf("sort state: %w", err)
		}
	}
	return nil
}

// Sorted returns the entries by key. It is called once, after the last Add, and its result is good until Close.
func (s *Sorter) Sorted() (state.Blocks, error) {
	sources, err := s.read(s.files.Runs)
	if err != nil {
		return nil, err
	}
	if s.Held() == 0 {
		s.buffer = buffer{}
		return checkpoint.Merge(sources...), nil
	}
	return checkpoint.Merge(append(sources, state.InBlocks(s.buffer.sorted()))...), nil
}

// Close ends the reading. What New made is removed.
func (s *Sorter) Close() error {
	err := s.closeFiles()
	if s.durable {
		return err
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

func (s *Sorter) closeFiles() (err error) {
	for _, f := range s.open {
		err = errors.Join(err, f.Close())
	}
	s.open = nil
	return err
}
