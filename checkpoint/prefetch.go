package checkpoint

import (
	"context"
	"errors"

	"github.com/weirstream/weir/state"
)

// baseReader reads a base's files one after the other. Those that come next are being fetched.
type baseReader struct {
	repo  *Repository
	files []FileRef // not begun yet
	hear  func(n int64)
	begun []*entrySource // the one in use first
	size  int            // of the block before: a guess for the next one
}

// block returns the next entries, none at the end.
func (b *baseReader) block(ctx context.Context) (entries []state.Entry, err error) {
	for {
		for len(b.begun) <= filesAhead && len(b.files) > 0 {
			b.begun = append(b.begun, b.repo.fetch(ctx, restores, b.files[0], b.hear))
			b.files = b.files[1:]
		}
		if len(b.begun) == 0 {
			return nil, nil
		}
		entries, err = b.begun[0].block(make([]state.Entry, 0, b.size))
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			b.size = len(entries) + len(entries)/8
			return entries, nil
		}
		if err := b.begun[0].close(); err != nil {
			return nil, err
		}
		b.begun = b.begun[1:]
	}
}

func (b *baseReader) close() (err error) {
	for _, s := range b.begun {
		err = errors.Join(err, s.close())
	}
	b.begun = nil
	return err
}

type readBlock struct {
	entries []state.Entry
	err     error
}

// prefetch reads a few blocks ahead, so that reading and verifying go on while the consumer works.
func (s *Stream) prefetch(ctx context.Context, base *baseReader) state.Blocks {
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
	return func() ([]state.Entry, error) {
		b, ok := <-blocks
		if !ok {
			return nil, ctx.Err()
		}
		return b.entries, b.err
	}
}
