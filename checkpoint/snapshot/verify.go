package snapshot

import (
	"context"
	"errors"
	"sync"

	"github.com/weirstream/weir/state"
)

// Verify reads every byte, some files side by side. The error names every file that is damaged or missing. progress, which may be nil, is called
// now and then, never twice at once, with the entries read so far and all that there are.
func (s *Snapshot) Verify(ctx context.Context, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	var (
		mu    sync.Mutex
		done  int64
		total = int64(s.header.Entries())
		errs  = make([]error, len(s.header.Files))
		slots = make(chan struct{}, readers)
		wg    sync.WaitGroup
	)
	for i, f := range s.header.Files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.readFile(ctx, f, func(entries []state.Entry) bool {
				mu.Lock()
				defer mu.Unlock()
				done += int64(len(entries))
				progress(done, total)
				return true
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
