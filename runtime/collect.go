package runtime

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/weirstream/weir/checkpoint"
)

// collection runs the store's garbage collector beside the work; nothing waits for it.
type collection struct {
	c    *checkpoint.Collector
	wg   sync.WaitGroup
	seen atomic.Bool // the store was listed, or is being listed
	one  sync.Mutex
}

func newCollection(repo *checkpoint.Repository) *collection {
	return &collection{c: checkpoint.NewCollector(repo)}
}

// observe lists what earlier runs have left; a commit prepared later shows that they are over.
func (c *collection) observe(ctx context.Context, log *slog.Logger) {
	if c.seen.Swap(true) {
		return
	}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		if err := c.c.Observe(ctx); err != nil {
			log.Warn("listing the checkpoint store; files of earlier runs stay", "err", err)
		}
	}()
}

// collect lets go of what no decision record can name any more.
func (c *collection) collect(ctx context.Context, wg *sync.WaitGroup, decided checkpoint.ID, log *slog.Logger) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		c.one.Lock()
		defer c.one.Unlock()
		plan, err := c.c.Collect(ctx, decided, 1)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("collecting old checkpoint files; they stay for now", "err", err)
		case err == nil:
			log.Debug("collected old checkpoint files", "plan", plan.String())
		}
	}()
}

// again lets observe list the store once more: another instance has left files there.
func (c *collection) again() { c.seen.Store(false) }

func (c *collection) wait() { c.wg.Wait() }
