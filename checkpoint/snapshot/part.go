package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/checkpoint/entryfile"
	"github.com/weirstream/weir/checkpoint/store"
	"github.com/weirstream/weir/state"
)

// fileSize is where a part begins its next file.
var fileSize int64 = 64 << 20

// Part is a run of entries, in as many files as it takes. It belongs to one goroutine.
type Part struct {
	w     *Writer
	n     int
	err   error // is final
	done  bool
	files []File
	first []byte          // key
	last  []byte          // key of the last entry in files
	used  map[uint16]bool // state ids
	head  [4]byte         // group and state of the entry before

	open *openFile
}

type openFile struct {
	name  string
	first uint16
	out   *entryfile.Writer
	feed  *store.Feed // of out
}

// Add appends an entry, whose key must be greater than the one before. It keeps no reference to the slices.
func (p *Part) Add(e state.Entry) error {
	if p.err == nil {
		if p.err = p.add(e); p.err != nil {
			p.err = fmt.Errorf("savepoint %s: %w", URL(p.w.store, p.w.path), p.err)
		}
	}
	return p.err
}

func (p *Part) add(e state.Entry) error {
	if err := p.check(e); err != nil {
		return err
	}
	if p.open == nil {
		if len(p.files) > 0 && bytes.Compare(e.Key, p.last) <= 0 {
			return fmt.Errorf("key %x does not come after key %x; entries must be sorted, each key once", e.Key, p.last)
		}
		p.begin(e.Key)
	}
	if err := p.open.out.Add(e.Key, e.Value, false); err != nil {
		return fmt.Errorf("%s: %w", p.open.name, err)
	}
	if p.open.out.Size() < fileSize {
		return nil
	}
	return p.finish()
}

// check is cheap for what follows an entry of the same group and state. That keys ascend is seen to where they are written.
func (p *Part) check(e state.Entry) error {
	if p.done {
		return fmt.Errorf("part %d is closed", p.n)
	}
	if e.Delete {
		return fmt.Errorf("key %x is to be deleted; a savepoint holds no deletions", e.Key)
	}
	if p.first != nil && len(e.Key) > len(p.head) && bytes.Equal(e.Key[:len(p.head)], p.head[:]) {
		return nil
	}
	group, id, _, _, err := state.SplitKey(e.Key)
	if err != nil {
		return err
	}
	if limit := p.w.maxParallelism(); int(group) >= limit {
		return fmt.Errorf("key %x is of key group %d; with max parallelism %d the last is %d", e.Key, group, limit, limit-1)
	}
	if p.used == nil {
		p.used, p.first = map[uint16]bool{}, bytes.Clone(e.Key)
	}
	p.used[id] = true
	copy(p.head[:], e.Key)
	return nil
}

func (w *Writer) maxParallelism() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.header.MaxParallelism
}

func groupOf(key []byte) uint16 { return binary.BigEndian.Uint16(key) }

func (p *Part) begin(key []byte) {
	name := dataName(p.w.token, p.n, len(p.files))
	p.w.begun(p.w.file(name))
	feed := store.NewFeed(p.w.ctx, p.w.store, p.w.file(name))
	p.open = &openFile{name: name, first: groupOf(key), out: entryfile.NewWriter(feed), feed: feed}
}

func (p *Part) finish() error {
	f := p.open
	sum, err := f.out.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	p.open, p.last = nil, bytes.Clone(f.out.Last())
	if err := f.feed.Close(); err != nil {
		return err
	}
	ref := checkpoint.FileRef{Name: f.name, Size: sum.Size, Entries: sum.Entries, Checksum: fmt.Sprintf("%016x", sum.Digest)}
	p.files = append(p.files, File{FileRef: ref, First: f.first, Last: groupOf(p.last)})
	return nil
}

// Close ends the part: all of it is durable. A part without entries has no files.
func (p *Part) Close() error {
	if p.err == nil && !p.done && p.open != nil {
		if p.err = p.finish(); p.err != nil {
			p.err = fmt.Errorf("savepoint %s: %w", URL(p.w.store, p.w.path), p.err)
		}
	}
	p.done = true
	return p.err
}

var errGivenUp = errors.New("the savepoint was given up")

// giveUp ends the writing of the open file and waits for it.
func (p *Part) giveUp() {
	if p.err == nil {
		p.err = errGivenUp
	}
	if f := p.open; f != nil {
		p.open = nil
		_ = f.feed.Abort(errGivenUp) // why is known already
	}
}

// collect returns the files of all parts in order. The caller holds mu.
func (w *Writer) collect() (files []File, err error) {
	order := make([]int, 0, len(w.parts))
	for n := range w.parts {
		order = append(order, n)
	}
	slices.Sort(order)
	known := map[uint16]bool{}
	for _, d := range w.header.States {
		known[d.ID] = true
	}
	var last []byte
	for _, n := range order {
		p := w.parts[n]
		if p.err != nil || !p.done {
			return nil, errors.Join(fmt.Errorf("part %d is not complete", n), p.err)
		}
		if len(p.files) > 0 && bytes.Compare(p.first, last) <= 0 && last != nil {
			return nil, fmt.Errorf("part %d begins with key %x, but the one before ends with key %x; parts must be sorted", n, p.first, last)
		}
		for id := range p.used {
			if !known[id] {
				return nil, fmt.Errorf("part %d has entries of state id %d, which is not among the header's states", n, id)
			}
		}
		if files = append(files, p.files...); len(p.files) > 0 {
			last = p.last
		}
	}
	return files, nil
}
