package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// Event time is aligned over all instances by what each tells the others anyway: how far its partitions have come stands beside their committed offsets. That is a
// commit and a look old, so the others seem to be further behind than they are, and somebody always comes on: what keeps an instance from it is no older than
// its last commit, which follows whatever it reads.
const (
	farEvery  = time.Second // how often an instance looks
	farLapses = time.Minute // who has not committed for so long is gone, or has nothing to be read: nobody waits for it
)

// far is how far the partitions have come that other instances read.
type far struct {
	mu    sync.Mutex
	parts map[txn.Partition]farPart
}

// farPart is one of them.
type farPart struct {
	at      txn.Position
	mark    mark
	changed time.Time // when its offset was last seen to be committed anew
}

// take notes what is committed. What can't be read is not waited for: whoever recovers from it says so.
func (f *far) take(committed map[txn.Partition]txn.Position, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	parts := make(map[txn.Partition]farPart, len(committed))
	for p, pos := range committed {
		part, known := f.parts[p]
		if !known || part.at != pos {
			m, ours, err := checkpoint.DecodeMetadata(pos.Metadata)
			if err != nil || !ours {
				continue
			}
			part = farPart{at: pos, mark: mark{wm: m.Watermark, idle: m.Idle}, changed: now}
		}
		parts[p] = part
	}
	f.parts = parts
}

// each visits those that others may have to wait for. One without a watermark is not: it may have nothing to be read.
func (f *far) each(now time.Time, visit func(p txn.Partition, wm int64)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for p, part := range f.parts {
		if m := part.mark; !m.idle && m.wm != operators.NoWatermark && now.Sub(part.changed) < farLapses {
			visit(p, m.wm)
		}
	}
}

// aligns says whether event time has to be aligned with other instances.
func (in *Instance) aligns() bool {
	return !in.single() && in.anySource(func(s *stream.SourceSpec) bool { return s.MaxDrift > 0 })
}

// watchFar looks how far the others are until the instance ends.
func (in *Instance) watchFar() {
	ticker := time.NewTicker(farEvery)
	defer ticker.Stop()
	for {
		if err := in.lookFar(in.ctx); err != nil {
			in.log.Debug("event time is not aligned with other instances just now", "err", err)
		}
		select {
		case <-ticker.C:
		case <-in.ended:
			return
		}
	}
}

// lookFar reads the committed offsets of all partitions of sources that align.
func (in *Instance) lookFar(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, farLapses)
	defer cancel()
	committed, err := in.admin.Committed(ctx, in.o.JobID, nil)
	if err != nil {
		return err
	}
	for p := range committed {
		if s := in.sourceReading(p.Topic); s == nil || s.MaxDrift == 0 {
			delete(committed, p)
		}
	}
	in.far.take(committed, time.Now())
	return nil
}
