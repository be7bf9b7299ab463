package snapshot

import (
	"errors"
	"fmt"
	"sync"

	"github.com/weirstream/weir/state"
)

// fillers is how many parts Fill writes side by side.
const fillers = 4

// Scanner is what Fill copies: a view of a backend that does not change.
type Scanner interface {
	Scan(lower, upper []byte, fn func(key, value []byte) bool) error
}

// Fill writes all entries of the header's key groups, some parts side by side; there must be no parts beside them. progress, which may be nil, is called after
// each key group, never twice at once, with how many are done of how many.
func (w *Writer) Fill(from Scanner, progress func(done, total int64)) error {
	total := w.maxParallelism()
	var (
		mu   sync.Mutex
		done int64
		wg   sync.WaitGroup
		errs = make([]error, min(fillers, total))
	)
	count := func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; progress != nil {
			progress(done, int64(total))
		}
	}
	for n := range errs {
		wg.Go(func() {
			first, end := state.GroupRange(n, len(errs), total)
			errs[n] = w.Part(n).fill(from, first, end, count)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// fill copies the key groups first to end, without end, and closes the part.
func (p *Part) fill(from Scanner, first, end uint16, count func()) error {
	for g := first; g < end; g++ {
		if err := p.w.ctx.Err(); err != nil {
			return fmt.Errorf("savepoint %s: %w", URL(p.w.store, p.w.path), err)
		}
		var failed error
		lower, upper := state.GroupBounds(g, g+1)
		err := from.Scan(lower, upper, func(key, value []byte) bool {
			failed = p.Add(state.Entry{Key: key, Value: value})
			return failed == nil
		})
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		count()
	}
	return p.Close()
}
