// Package entrysort sorts state entries that do not fit into memory: sorted runs in files of a folder, merged as they are read.
//
// Memory is bounded by the budget and by about 100 KiB for each of the files that are merged, of which there are at most a few hundred. The
// files are entry files: damage on the disk is found. Nothing is synced, since nothing has to outlive the process.
package entrysort

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/internal/diskfull"
	"github.com/weirstream/weir/state"
)

// fanIn is how many files of one level become one of the next.
const fanIn = 64

// DefaultBudget is the memory that entries take before they are written to a file.
const DefaultBudget = 64 << 20

// Sorter takes entries in any order and gives them back sorted. It belongs to one goroutine.
type Sorter struct {
	dir    string
	budget int64
	number int
	held   []state.Entry
	bytes  int64
	chunk  []byte // that the held entries are copied into
	levels [][]string
	open   []*os.File
}

// New makes folder, which must be for this alone: what an earlier process has left there is removed. budget is in bytes, 0: DefaultBudget.
func New(folder string, budget int64) (*Sorter, error) {
	if budget <= 0 {
		budget = DefaultBudget
	}
	err := os.RemoveAll(folder)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("a folder to sort state in: %w", err)
	}
	return &Sorter{dir: folder, budget: budget}, nil
}

// entryBytes is what an entry costs in memory beside its bytes.
const entryBytes = 56

// Add takes a copy of an entry. Each key may come once.
func (s *Sorter) Add(key, value []byte) error {
	n := len(key) + len(value)
	if s.bytes+int64(n) > s.budget && len(s.held) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if cap(s.chunk)-len(s.chunk) < n {
		s.chunk = make([]byte, 0, max(n, 1<<20))
	}
	at := len(s.chunk)
	s.chunk = append(append(s.chunk, key...), value...)
	end := len(s.chunk)
	s.held = append(s.held, state.Entry{Key: s.chunk[at : at+len(key) : at+len(key)], Value: s.chunk[at+len(key) : end : end]})
	s.bytes += int64(n) + entryBytes
	return nil
}

// Sorted returns the entries by key. It is called once, after the last Add, and its result is good until Close.
func (s *Sorter) Sorted() (checkpoint.Next, error) {
	s.sort()
	held := s.held
	sources := []checkpoint.Next{func() (e state.Entry, ok bool, err error) {
		if len(held) == 0 {
			return e, false, nil
		}
		e, held = held[0], held[1:]
		return e, true, nil
	}}
	for _, files := range s.levels {
		for _, name := range files {
			next, err := s.read(name)
			if err != nil {
				return nil, err
			}
			sources = append(sources, next)
		}
	}
	return checkpoint.Merge(sources...), nil
}

// Close removes all files.
func (s *Sorter) Close() error {
	return errors.Join(s.closeFiles(), os.RemoveAll(s.dir))
}

func (s *Sorter) sort() {
	slices.SortFunc(s.held, func(a, b state.Entry) int { return bytes.Compare(a.Key, b.Key) })
}

// spill writes what is held to a file.
func (s *Sorter) spill() error {
	s.sort()
	held := s.held
	err := s.write(0, func() (e state.Entry, ok bool, err error) {
		if len(held) == 0 {
			return e, false, nil
		}
		e, held = held[0], held[1:]
		return e, true, nil
	})
	s.held, s.bytes, s.chunk = s.held[:0], 0, nil
	return err
}

// write adds a file to a level; a level that is full becomes a file of the next.
func (s *Sorter) write(level int, next checkpoint.Next) error {
	name := filepath.Join(s.dir, fmt.Sprintf("run-%06d", s.number))
	s.number++
	if err := writeRun(name, next); err != nil {
		return fmt.Errorf("sort state in %s: %w", s.dir, diskfull.Explain(err))
	}
	for len(s.levels) <= level {
		s.levels = append(s.levels, nil)
	}
	if s.levels[level] = append(s.levels[level], name); len(s.levels[level]) < fanIn {
		return nil
	}
	return s.mergeLevel(level)
}

func (s *Sorter) mergeLevel(level int) error {
	files := s.levels[level]
	s.levels[level] = nil
	var sources []checkpoint.Next
	for _, name := range files {
		next, err := s.read(name)
		if err != nil {
			return err
		}
		sources = append(sources, next)
	}
	err := s.write(level+1, checkpoint.Merge(sources...))
	err = errors.Join(err, s.closeFiles())
	for _, name := range files {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

func writeRun(name string, next checkpoint.Next) (err error) {
	f, err := os.Create(name) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriterSize(f, 256<<10)
	w := entryfile.NewWriter(buffered)
	for {
		e, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := w.Add(e.Key, e.Value, false); err != nil {
			return err
		}
	}
	if _, err := w.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

func (s *Sorter) read(name string) (checkpoint.Next, error) {
	f, err := os.Open(name) //nolint:gosec // in our own folder
	if err != nil {
		return nil, fmt.Errorf("sort state in %s: %w", s.dir, err)
	}
	s.open = append(s.open, f)
	return entryfile.NewReader(f, name, 0).Next, nil
}

func (s *Sorter) closeFiles() (err error) {
	for _, f := range s.open {
		err = errors.Join(err, f.Close())
	}
	s.open = nil
	return err
}
