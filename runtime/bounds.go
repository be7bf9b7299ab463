package runtime

import (
	"maps"
	"slices"

	"github.com/weirstream/weir/txn"
)

// bounds are what a reader knows of the ends of bounded partitions. It belongs to the reader's goroutine.
type bounds struct {
	ends     map[txn.Partition]int64 // of those that have not come to theirs
	reached  []txn.Partition
	whole    bool // every partition has an end
	finished bool // and all have come to it
}

func newBounds(positions, ends map[txn.Partition]int64) bounds {
	return bounds{ends: maps.Clone(ends), whole: len(ends) == len(positions)}
}

// cut takes off a batch what lies behind its partition's end, and says whether anything is left.
func (b *bounds) cut(batch *txn.Batch) bool {
	end, bounded := b.ends[batch.Partition]
	switch {
	case bounded:
		n, _ := slices.BinarySearchFunc(batch.Records, end, func(r txn.Record, end int64) int {
			if r.Offset < end {
				return -1
			}
			return 1
		})
		batch.Records = batch.Records[:n]
	case slices.Contains(b.reached, batch.Partition):
		return false
	}
	return len(batch.Records) > 0
}

// passed returns the ends that have been reached since it was last asked; position says where partitions are, offsets without records included.
func (b *bounds) passed(position func(txn.Partition) int64) map[txn.Partition]int64 {
	now := map[txn.Partition]int64{}
	for p, end := range b.ends {
		if position(p) >= end {
			now[p] = end
			b.reached = append(b.reached, p)
			delete(b.ends, p)
		}
	}
	return now
}

// idle says whether nothing is left to be noticed, as ever if nothing is bounded.
func (b *bounds) idle() bool { return len(b.ends) == 0 && (b.finished || !b.whole) }

// finish says whether all is done, once.
func (b *bounds) finish() bool {
	if b.finished || !b.over() {
		return false
	}
	b.finished = true
	return true
}

// over says whether all have come to their ends.
func (b *bounds) over() bool { return b.whole && len(b.ends) == 0 }

// follow notices, after a poll, what has come to its end, and holds back what must not be read on.
func (r *reader) follow() {
	a := r.attempt
	if a == nil || r.standing || a.halted.Load() || a.pace == nil && r.bounds.idle() && len(r.held) == 0 && !a.in.suspended.is() {
		return
	}
	// Over many instances there is no last barrier: see spread.
	for p, end := range r.bounds.passed(r.at) {
		r.next[p] = end
		if m := ended; !r.bounds.over() { // else the last barrier says so
			a.toReader(p, message{mark: &m})
		}
	}
	if r.order.passed(r.at) {
		r.post(processed(r.epoch))
		r.post(barrierDue)
	}
	r.hold()
	r.spread(a)
	if r.bounds.finish() {
		// The next barrier is the last.
		r.post(processed(r.epoch))
		r.post(barrierDue)
	}
}

// at is where a partition is, offsets without records included.
func (r *reader) at(p txn.Partition) int64 { return max(r.next[p], r.consumer.Position(p)) }

// unread says whether there may be something to be read of a partition: as long as nothing is known of its end, there may.
func (r *reader) unread(p txn.Partition) bool {
	end := r.consumer.KnownEnd(p)
	return end < 0 || end > r.consumer.Position(p)
}

// hold keeps partitions from being fetched that are at their end, ahead in event time, have to let others go first, or are suspended.
func (r *reader) hold() {
	held := slices.Clone(r.bounds.reached)
	held = append(held, r.attempt.pace.ahead(r.unread, r.order.blocks)...)
	held = append(held, r.order.waiting...)
	if in := r.attempt.in; in.suspended.is() {
		held = append(held, in.sourcesOf(r.next)...)
	}
	slices.SortFunc(held, txn.Partition.Compare)
	held = slices.Compact(held)
	if slices.Equal(held, r.held) {
		return
	}
	if err := r.consumer.Hold(held); err != nil {
		r.failed(err)
		return
	}
	r.held = held
}
