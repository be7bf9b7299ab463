package savepoint

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
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

// sorter sorts more entries than fit into memory: it gathers what fits, sorts that and writes it to a file, a run, and merges the runs in the
// end. Of entries with the same key the last one counts. Files are entry files, so every byte that is read back is verified.
type sorter struct {
	dir    string
	limit  int
	buf    []byte
	items  []item
	runs   []run
	number int // of the next run
	sync   bool
	// most is how many runs of one level there may be before they become one of the next: files that are open at a time, and how often an entry is
	// rewritten.
	most int
}

// run is a sorted file.
type run struct {
	File    string `json:"file"`
	Level   int    `json:"level"`
	Entries uint64 `json:"entries"`
	Digest  string `json:"digest"`
}

// item is an entry in the buffer. Most comparisons are decided by hi and lo, the key's first bytes. No key is empty, so a later item has a greater at.
type item struct {
	hi, lo   uint64
	at       int
	key, val int32 // lengths
}

const (
	mostRuns  = 64
	itemBytes = 32
)

func newSorter(dir string, limit int) *sorter {
	return &sorter{dir: dir, limit: limit, most: mostRuns}
}

// add copies key and value into the buffer.
func (s *sorter) add(key, value []byte) error {
	if len(key)+len(value) > entryfile.MaxEntry {
		return fmt.Errorf("key and value have %d bytes, at most %d are allowed", len(key)+len(value), entryfile.MaxEntry)
	}
	if len(s.buf) > 0 && s.size()+len(key)+len(value)+itemBytes > s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	var b [16]byte
	copy(b[:], key)
	s.items = append(s.items, item{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]), len(s.buf), int32(len(key)), int32(len(value))})
	s.buf = append(append(s.buf, key...), value...)
	return nil
}

func (s *sorter) size() int { return len(s.buf) + itemBytes*len(s.items) }

func (s *sorter) key(i item) []byte { return s.buf[i.at : i.at+int(i.key)] }

func (s *sorter) value(i item) []byte { return s.buf[i.at+int(i.key) : i.at+int(i.key)+int(i.val)] }

// sort orders the buffer, and leaves only the last of those with the same key.
func (s *sorter) sort() {
	slices.SortFunc(s.items, func(a, b item) int {
		if a.hi != b.hi {
			return order(a.hi, b.hi)
		}
		if a.lo != b.lo {
			return order(a.lo, b.lo)
		}
		if c := bytes.Compare(s.key(a), s.key(b)); c != 0 {
			return c
		}
		return b.at - a.at
	})
	s.items = slices.CompactFunc(s.items, func(a, b item) bool {
		return a.hi == b.hi && a.lo == b.lo && bytes.Equal(s.key(a), s.key(b))
	})
}

func order(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// spill writes the buffer as a run.
func (s *sorter) spill() error {
	if len(s.items) == 0 {
		return nil
	}
	s.sort()
	next := 0
	r, err := s.write(0, func() (e state.Entry, ok bool, err error) {
		if next == len(s.items) {
			return e, false, nil
		}
		i := s.items[next]
		next++
		return state.Entry{Key: s.key(i), Value: s.value(i)}, true, nil
	})
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	s.buf, s.items = s.buf[:0], s.items[:0]
	return nil
}

// compact merges runs, if there are many of a level, and returns those that are of no use any more. They must not be removed before it
// is noted which ones are.
func (s *sorter) compact(ctx context.Context) (old []run, err error) {
	for {
		from := len(s.runs)
		for from > 0 && s.runs[from-1].Level == s.runs[len(s.runs)-1].Level {
			from--
		}
		if len(s.runs)-from < s.most {
			return old, nil
		}
		level := s.runs[len(s.runs)-1].Level + 1
		m, err := s.open(ctx, s.runs[from:])
		if err != nil {
			return old, err
		}
		r, err := s.write(level, m.next)
		if err = errors.Join(err, m.close()); err != nil {
			return old, err
		}
		old = append(old, s.runs[from:]...)
		s.runs = append(slices.Clone(s.runs[:from]), r)
	}
}

// write writes a run, durably if somebody may resume the work.
func (s *sorter) write(level int, next checkpoint.Next) (r run, err error) {
	r = run{File: fmt.Sprintf("run-%06d", s.number), Level: level}
	s.number++
	f, err := os.Create(filepath.Join(s.dir, r.File))
	if err != nil {
		return r, fmt.Errorf("sort: %w", diskfull.Explain(err))
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("sort: write %s: %w", f.Name(), diskfull.Explain(err))
		}
	}()
	out := bufio.NewWriterSize(f, 1<<20)
	w := entryfile.NewWriter(out)
	for {
		e, ok, err := next()
		if err != nil {
			return r, err
		}
		if !ok {
			break
		}
		if err := w.Add(e.Key, e.Value, false); err != nil {
			return r, err
		}
	}
	sum, err := w.Close()
	if err != nil {
		return r, err
	}
	r.Entries, r.Digest = sum.Entries, fmt.Sprintf("%016x", sum.Digest)
	if err := out.Flush(); err != nil || !s.sync {
		return r, err
	}
	return r, f.Sync()
}

// merged is all runs as one.
type merged struct {
	next  checkpoint.Next
	files []*os.File
}

func (m *merged) close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// open merges runs, the later ones above the earlier.
func (s *sorter) open(ctx context.Context, runs []run) (*merged, error) {
	m := &merged{}
	var sources []checkpoint.Next
	for _, r := range runs {
		name := filepath.Join(s.dir, r.File)
		f, err := os.Open(name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sort: %w", err), m.close())
		}
		m.files = append(m.files, f)
		sources = append(sources, r.read(ctx, f))
	}
	m.next = checkpoint.Merge(sources...)
	return m, nil
}

func (r run) read(ctx context.Context, f *os.File) checkpoint.Next {
	in := entryfile.NewReader(bufio.NewReaderSize(f, 256<<10), f.Name(), 0)
	n := 0
	return func() (state.Entry, bool, error) {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return state.Entry{}, false, ctx.Err()
		}
		e, ok, err := in.Next()
		if err == nil && !ok {
			if got := in.Summary(); got.Entries != r.Entries || fmt.Sprintf("%016x", got.Digest) != r.Digest {
				err = &checkpoint.CorruptError{File: f.Name(), Detail: "it is whole but not the run that was written"}
			}
		}
		if err != nil {
			err = fmt.Errorf("sort: %w", err)
		}
		return e, ok, err
	}
}
