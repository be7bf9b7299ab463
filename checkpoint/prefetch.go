package checkpoint

import (
	"context"
	"errors"

	"github.com/weirstream/weir/state"
)

// baseReader reads a base's files one after the other.
type baseReader struct {
	repo  *Repository
	files []FileRef
	hear  func(n int64)
	open  *entrySource
	size  int // of the block before: a guess for the next one
}

// block returns the next entries, none at the end.
func (b *baseReader) block(ctx context.Context) (entries []state.Entry, err error) {
	for {
		if b.open == nil {
			if len(b.files) == 0 {
				return nil, nil
			}
			if b.open, err = b.repo.open(ctx, b.files[0], b.hear); err != nil {
				return nil, err
			}
			b.files = b.files[1:]
		}
		entries, err = b.open.block(make([]state.Entry, 0, b.size))
		if err == nil && len(entries) > 0 {
			b.size = len(entries) + len(entries)/8
			return entries, nil
		}
		if err = errors.Join(err, b.close()); err != nil {
			return nil, err
		}
	}
}

func (b *baseReader) close() error {
	if b.open == nil {
		return nil
	}
	open := b.open
	b.open = nil
	return open.close()
}

type readBlock struct {
	entries []state.Entry
	err     error
}

// prefetch reads a few blocks ahead, so that reading and verifying go on while the consumer works.
func (s *Stream) prefetch(ctx context.Context, base *baseReader) Next {
	const ahead = 8
	blocks := make(chan readBlock, ahead)
	s.wg.Go(func() {
		defer close(blocks)
		defer func() { _ = base.close() }() // it was only read; and everything that counts was verified
		for ctx.Err() == nil {
			entries, err := base.block(ctx)
			select {
			case blocks <- readBlock{entries, err}:
			case <-ctx.Done():
			}
			if err != nil || len(entries) == 0 {
				return
			}
		}
	})
	return fromBlocks(func() ([]state.Entry, error) {
		b, ok := <-blocks
		if !ok {
			return nil, ctx.Err()
		}
		return b.entries, b.err
	})
}
