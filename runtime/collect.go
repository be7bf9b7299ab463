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
	c      *checkpoint.Collector
	retain int // decided checkpoints that stay restorable
	wg     sync.WaitGroup
	seen   atomic.Bool // the store was listed, or is being listed
	held   atomic.Bool // the last collection found a hold and left everything
	one    sync.Mutex
}

func newCollection(repo *checkpoint.Repository, retain int) *collection {
	return &collection{c: checkpoint.NewCollector(repo), retain: retain}
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
		plan, err := c.c.Collect(ctx, decided, c.retain)
		if len(plan.Delete) > 0 {
			hit("collect-after")
		}
		switch was := c.held.Swap(len(plan.Held) > 0); {
		case err != nil && ctx.Err() == nil:
			log.Warn("collecting old checkpoint files; they stay for now", "err", err)
		case err == nil && len(plan.Held) > 0 && !was:
			log.Info("old checkpoint files stay as long as they are held", "files", len(plan.Delete), "by", plan.Held)
		case err == nil:
			log.Debug("collected old checkpoint files", "plan", plan.String())
		}
	}()
}

// again lets observe list the store once more: another instance has left files there.
func (c *collection) again() { c.seen.Store(false) }

func (c *collection) wait() { c.wg.Wait() }

// sweep finds the moments at which a collection is worth its while: a base that no retained checkpoint needs any more lets files go.
type sweep struct {
	bases []checkpoint.ID // that the last decided checkpoints name, the oldest first; as many as are retained
	swept checkpoint.ID   // the base of the oldest at the last collection
	full  bool
}

// due hears of a checkpoint that was decided, with the base that it names.
func (w *sweep) due(base checkpoint.ID, retain int) bool {
	w.bases = append(w.bases, base)
	w.bases = w.bases[max(0, len(w.bases)-max(retain, 1)):]
	filled := !w.full && len(w.bases) >= retain // those of earlier runs, of which we know nothing here, are behind us
	w.full = w.full || filled
	oldest := w.bases[0]
	if oldest == "" || oldest == w.swept && !filled {
		return false
	}
	w.swept = oldest
	return true
}
