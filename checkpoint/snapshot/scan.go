package snapshot

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

const (
	// readers is how many files are read side by side.
	readers = 4
	// ahead is how many blocks of a file, of about 64 KiB, wait for the one who reads.
	ahead = 48
)

// Stream is the entries of a range of key groups, in key order. It must be closed.
type Stream struct {
	first, last uint16
	ctx         context.Context
	cancel      context.CancelFunc
	wg          sync.WaitGroup
	files       chan chan block // one for each file, in order; each has its blocks, in order
	file        chan block
	next        checkpoint.Next
	err         error // is final
}

type block struct {
	entries []state.Entry
	err     error
}

// Scan reads the entries of the key groups first to last, both included. Some files are read ahead, side by side; memory is bounded whatever
// the size. Files that only touch the range are read whole, since only then they are known to be the ones that were meant.
func (s *Snapshot) Scan(ctx context.Context, first, last uint16) (*Stream, error) {
	if first > last {
		return nil, fmt.Errorf("savepoint %s: scan of key groups %d to %d", s.URL(), first, last)
	}
	ctx, cancel := context.WithCancel(ctx)
	st := &Stream{first: first, last: last, ctx: ctx, cancel: cancel, files: make(chan chan block, readers-1)}
	st.next = state.Blocks(st.Block).Each()
	st.wg.Go(func() { st.readAll(ctx, s) })
	return st, nil
}

// readAll begins files in their order, as many as there is room for.
func (st *Stream) readAll(ctx context.Context, s *Snapshot) {
	defer close(st.files)
	for _, f := range s.header.Files {
		if f.Last < st.first || f.First > st.last {
			continue
		}
		blocks := make(chan block, ahead)
		select {
		case st.files <- blocks:
		case <-ctx.Done():
			return
		}
		st.wg.Go(func() { s.readInto(ctx, f, blocks) })
	}
}

// readInto sends the blocks of a file, and then perhaps an error. When ctx is done it ends anywhere.
func (s *Snapshot) readInto(ctx context.Context, f File, blocks chan<- block) {
	defer close(blocks)
	send := func(b block) bool {
		select {
		case blocks <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	err := s.readFile(ctx, f, func(entries []state.Entry) bool { return send(block{entries: entries}) })
	if err != nil {
		send(block{err: err})
	}
}

// Next returns the next entry; ok is false at the end, when everything was verified. Entries are never overwritten.
func (st *Stream) Next() (e state.Entry, ok bool, err error) { return st.next() }

// Block returns the next entries, some at a time, and none at the end: a state.Blocks. Who calls it doesn't call Next.
func (st *Stream) Block() ([]state.Entry, error) {
	for st.err == nil {
		block, ok := st.more()
		if !ok {
			break
		}
		if block = st.within(block); len(block) > 0 {
			return block, nil
		}
	}
	return nil, st.err
}

// within is what of a block is in the range.
func (st *Stream) within(block []state.Entry) []state.Entry {
	from := sort.Search(len(block), func(i int) bool { return groupOf(block[i].Key) >= st.first })
	to := sort.Search(len(block), func(i int) bool { return groupOf(block[i].Key) > st.last })
	return block[from:to]
}

// more returns the next block of this file or of the next one; ok is false at the end and after an error.
func (st *Stream) more() ([]state.Entry, bool) {
	for {
		if st.file == nil {
			if st.file = <-st.files; st.file == nil {
				st.err = st.ctx.Err() // or it is the end
				return nil, false
			}
		}
		b, ok := <-st.file
		if !ok {
			st.file = nil
			if st.err = st.ctx.Err(); st.err != nil {
				return nil, false // the file may have ended early
			}
			continue
		}
		st.err = b.err
		return b.entries, st.err == nil
	}
}

// Close ends the reading and waits for it.
func (st *Stream) Close() error {
	st.cancel()
	st.wg.Wait()
	return nil
}
