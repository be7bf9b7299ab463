package runtime

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/state"
)

// baseRate bounds what a shard's bases write in a second: the syncs of checkpoints, on which commits wait, take ten times as long beside a disk that is busy.
const baseRate = 64 << 20

// baser makes bases of committed state in the background, so that older deltas can go and a restore from the store stays short: snapshots, and between them folds
// of what has changed since. It also keeps the store's mark of the last committed checkpoint, and lets garbage go.
type baser struct {
	in     *Instance
	shard  *shard
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// Owned by the publisher's goroutine.
	marked time.Time
	sweep  sweep

	marks   sync.WaitGroup
	marking atomic.Bool

	mu   sync.Mutex
	busy bool
	last checkpoint.BaseRef // the newest that this run has written
}

func newBaser(s *shard) *baser {
	b := &baser{in: s.in, shard: s}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// applied hears of layers that the backend holds by now.
func (b *baser) applied(layers []layer) {
	newest := layers[len(layers)-1]
	sweep := false
	if time.Since(b.marked) > time.Second {
		b.marked = time.Now()
		b.mark(newest.id)
		sweep = b.shard.collector.held.Load()
	}
	for _, l := range layers {
		sweep = b.sweep.due(l.base.At, b.in.o.Retained) || sweep
	}
	if sweep {
		b.shard.collector.collect(b.ctx, &b.wg, newest.id, b.in.log)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A base that no applied manifest names yet would make another one look due.
	pending := b.last.At != "" && b.last.At != newest.base.At
	if b.busy || pending {
		return
	}
	if due := b.due(newest.id); due != checkpoint.DueNothing {
		b.busy = true
		b.wg.Add(1)
		go b.write(due, newest.id)
	}
}

// due says whether a restore of id would read so much that a new base pays.
func (b *baser) due(id checkpoint.ID) checkpoint.Due {
	stats, err := b.shard.repo.BaseStats(b.ctx, id)
	if err != nil {
		b.in.log.Warn("cannot tell whether a new base is due", "checkpoint", id, "err", err)
		return checkpoint.DueNothing
	}
	return b.in.o.Bases.Due(stats)
}

// mark notes in the store that something was committed. It is a courtesy to whoever starts without offsets: no decision hangs on it, and
// nothing waits for a store that is slow.
func (b *baser) mark(id checkpoint.ID) {
	if b.marking.Swap(true) {
		return
	}
	ctx := b.ctx
	b.marks.Add(1)
	go func() {
		defer b.marks.Done()
		defer b.marking.Store(false)
		if err := b.shard.repo.MarkCommitted(ctx, id); err != nil {
			b.in.log.Warn("could not mark the committed checkpoint in the store", "checkpoint", id, "err", err)
		}
	}()
}

// write makes what is due: a fold at id, or a snapshot of the backend, which holds committed epochs only, at where it is by now.
func (b *baser) write(due checkpoint.Due, id checkpoint.ID) {
	defer b.wg.Done()
	base := b.snapshot
	if due == checkpoint.DueFold {
		base = func() (checkpoint.BaseRef, error) { return b.shard.repo.Fold(b.ctx, id) }
	}
	ref, err := base()
	if err == nil {
		// A backend that lags behind the base after a crash would have to load all of it: so it is durable first.
		err = b.shard.backend.Flush()
	}
	b.mu.Lock()
	b.busy = false
	if err == nil {
		b.last = ref
	}
	b.mu.Unlock()
	if err != nil {
		if b.ctx.Err() == nil {
			b.in.log.Warn("no new base; deltas are kept instead", "err", err)
		}
		return
	}
	b.in.post(event{then: func() { b.shard.base = ref }})
}

func (b *baser) snapshot() (checkpoint.BaseRef, error) {
	s, err := b.shard.backend.Snapshot()
	if err != nil {
		return checkpoint.BaseRef{}, err
	}
	t, size := &b.in.upload, b.shard.backend.Size()
	t.begin(size)
	ref, err := b.shard.repo.WriteBase(b.ctx, checkpoint.ID(s.Marker()), b.scans(s, size)...)
	hit("base-written")
	t.end(err)
	return ref, errors.Join(err, s.Close())
}

// scans part the shard's key groups among as many writers as its size is worth. A disk of this machine is no faster with several, and processing
// needs the cores.
func (b *baser) scans(s state.Snapshot, size int64) []checkpoint.Scan {
	const most, each = 2, 64 << 20 // a store may buffer some 32 MiB for each
	from, to := b.in.keyGroups(b.shard)
	n := max(1, min(most, int(size/each), int(to-from)))
	if strings.HasPrefix(b.in.o.Store.URL(), "file:") {
		n = 1
	}
	all := make([]checkpoint.Scan, n)
	for i := range all {
		first, last := state.GroupRange(i, n, int(to-from))
		lower, upper := state.GroupBounds(from+first, from+last)
		if i == 0 {
			lower = nil
		}
		if i == n-1 {
			upper = nil
		}
		all[i] = func(fn func(key, value []byte) bool) error { return b.in.upload.scan(s, lower, upper, fn) }
	}
	return all
}

// newest returns the newer of a manifest's base and the last written here.
func (b *baser) newest(named checkpoint.BaseRef) checkpoint.BaseRef {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.At != "" {
		return b.last
	}
	return named
}

// forget gives up what is known and under way: another instance has worked on the shard since, and may have deleted what chains back to
// our bases need.
func (b *baser) forget() {
	b.stop()
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last, b.sweep = checkpoint.BaseRef{}, sweep{}
}

// stop gives up what is under way; a mark is given a moment.
func (b *baser) stop() {
	waitFor(&b.marks, time.Second)
	b.cancel()
	b.marks.Wait()
	b.wg.Wait()
}
