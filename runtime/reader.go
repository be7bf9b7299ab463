package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

const (
	// pollMax bounds the records of one poll: enough to amortise the hand-over.
	pollMax = 1000
	// pollBusy and pollIdle bound how long a command to the reader can wait behind an empty poll, in an epoch that has
	// records and in one that has none.
	pollBusy = 2 * time.Millisecond
	pollIdle = 20 * time.Millisecond
)

// reader owns the consumer: everything the client must be asked from one goroutine happens in run. It hands
// batches to the source tasks of the present attempt and injects barriers between them.
type reader struct {
	consumer txn.Consumer
	commands chan func()
	post     func(event)
	done     chan struct{}

	// The rest belongs to run's goroutine.
	attempt   *attempt
	next      map[txn.Partition]int64 // where each partition goes on behind what was handed to the tasks
	epoch     uint64                  // the epoch that records handed out now belong to
	dirty     bool                    // it has had a record
	releasing bool                    // run is inside a rebalance callback that waits for release
	stopping  bool
	standing  bool            // nothing flows until the first epoch of the attempt, which has no records, is committed
	topics    []string        // to be subscribed to; nil: nothing new
	held      []txn.Partition // see hold
	bounds    bounds
	drained   bool                     // see drain
	told      map[txn.Partition]string // the drains over all instances that the tasks of source partitions were told of
	order     precedence
	missed    func(err error) // takes it that a topic does not exist; nil: that ends the work
}

func newReader(post func(event)) *reader {
	return &reader{commands: make(chan func()), post: post, done: make(chan struct{})}
}

// do runs f on the reader's goroutine and waits for it. It returns false if the reader has ended.
func (r *reader) do(f func()) bool {
	ran := make(chan struct{})
	select {
	case r.commands <- func() { f(); close(ran) }:
		<-ran
		return true
	case <-r.done:
		return false
	}
}

// run polls until stop; then it closes the consumer.
func (r *reader) run() {
	defer close(r.done)
	for !r.stopping {
		select {
		case f := <-r.commands:
			f()
			continue
		default:
		}
		wait := pollIdle
		if r.dirty {
			wait = pollBusy
		}
		r.resubscribe()
		batches, err := r.consumer.Poll(wait, r.readMost())
		if err != nil {
			r.failed(err)
		}
		r.deliver(batches)
		r.follow()
	}
	if err := r.consumer.Close(); err != nil {
		r.post(event{note: "closing the consumer", err: err})
	}
}

// failed reports what Poll said; a retriable error is only told, since the client goes on trying.
func (r *reader) failed(err error) {
	if txn.ClassOf(err) == txn.ClassRetry {
		r.post(event{note: "reading", err: err})
		r.pause(100 * time.Millisecond)
		return
	}
	if r.missed != nil && unknownTopic(err) {
		r.post(event{then: func() { r.missed(err) }})
		r.pause(100 * time.Millisecond)
		return
	}
	ev := processFailed(r.epoch, err)
	switch class := txn.ClassOf(err); {
	case outOfRange(err):
		ev.Cause = twophase.Abortable
	case class == txn.ClassFenced:
		ev = processFailed(r.epoch, fmt.Errorf("%w: the group has given our membership to it: %w", ErrRival, err))
	case class == txn.ClassNewProducer:
		ev.Cause = twophase.Fatal // a consumer that has failed for good; a new producer would not help
	}
	r.post(ev)
	r.pause(100 * time.Millisecond)
}

// outOfRange says whether a position is not in the log. Whether records are missing tells only the decision record: while we were frozen,
// others may have gone on with the partition, and deleted what we would have read.
func outOfRange(err error) bool {
	var e *txn.Error
	return errors.As(err, &e) && e.Code == "_AUTO_OFFSET_RESET"
}

// pause lets some time pass without being deaf to commands.
func (r *reader) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case f := <-r.commands:
			f()
		case <-t.C:
			return
		}
	}
}

// readMost is how many records to poll.
func (r *reader) readMost() int {
	if r.attempt == nil {
		return pollMax
	}
	most := 1
	for _, t := range r.attempt.readers {
		most = max(most, t.portions.read.max())
	}
	return most
}

// deliver hands batches to the tasks of their partitions, in parts. It blocks while they are behind; a halt unblocks it.
func (r *reader) deliver(batches []*txn.Batch) {
	a := r.attempt
	if a == nil {
		return // fetched before a halt: it will be read again
	}
	for _, b := range batches {
		for r.bounds.cut(b) {
			r.hand(a, b)
			if r.serve(); r.attempt != a {
				return
			}
		}
	}
}

// serve runs the commands that wait.
func (r *reader) serve() {
	for {
		select {
		case f := <-r.commands:
			f()
		default:
			return
		}
	}
}

// handBytes bounds what a task takes between two looks at its inbox: a record of a repartition topic holds many.
const handBytes = 64 << 10

// hand takes the next part off a batch and gives it to the task that reads the partition.
func (r *reader) hand(a *attempt, b *txn.Batch) {
	part := *b
	n, size, most := 0, 0, a.portion(b.Partition)
	for n < len(b.Records) && n < most && (n == 0 || size < handBytes) {
		size += len(b.Records[n].Key) + len(b.Records[n].Value)
		n++
	}
	part.Records, b.Records = b.Records[:n:n], b.Records[n:]
	part.Bytes, b.Bytes = size, b.Bytes-size
	next := part.Records[n-1].Offset + 1
	delete(r.told, b.Partition)
	if !r.dirty {
		r.dirty = true
		r.post(processed(r.epoch))
	}
	if a.toReader(b.Partition, message{source: &part}) {
		r.next[b.Partition] = next
	}
}

// start lets records from the positions of d on flow to the tasks of a, as part of epoch; if a is pinned, not before flow.
func (r *reader) start(a *attempt, epoch uint64, d decision) error {
	r.attempt, r.epoch, r.dirty, r.told = a, epoch, false, map[txn.Partition]string{}
	r.next, r.bounds = maps.Clone(d.positions), newBounds(d.positions, d.ends)
	r.bounds.whole = r.bounds.whole && a.in.single()
	if r.drained {
		r.drain()
	}
	r.order = newPrecedence(d.positions, d.first, a.in.readsFirst)
	r.standing = a.pinned
	r.waits()
	if r.standing {
		return nil
	}
	return r.seek()
}

// flow begins to read what start has held back, now that where it begins is decided.
func (r *reader) flow(a *attempt) error {
	if r.attempt != a || !r.standing {
		return nil
	}
	r.standing = false
	r.waits()
	return r.seek()
}

// waits tells tasks whether partitions wait to be read at all.
func (r *reader) waits() { r.attempt.waits.set(r.standing || len(r.order.waiting) > 0) }

func (r *reader) seek() error {
	r.held = nil
	if err := r.consumer.Seek(r.next); err != nil || len(r.order.waiting) == 0 {
		return err
	}
	// Before anything flows.
	held := slices.SortedFunc(slices.Values(r.order.waiting), txn.Partition.Compare)
	if err := r.consumer.Hold(held); err != nil {
		return err
	}
	r.held = held
	return nil
}

// subscribe changes the topics before the next poll.
func (r *reader) subscribe(topics []string) {
	go r.do(func() { r.topics = topics })
}

// resubscribe does it outside of the callbacks in which commands are served too.
func (r *reader) resubscribe() {
	if r.topics == nil {
		return
	}
	topics := r.topics
	r.topics = nil
	if err := r.consumer.Subscribe(topics); err != nil {
		r.failed(err)
	}
}

// halt stops the flow; what is fetched from now on is dropped.
func (r *reader) halt() error {
	r.attempt, r.dirty = nil, false
	return r.consumer.Pause()
}

// barrier closes the epoch behind everything handed out so far and returns the positions it ends at, and whether it is the last.
func (r *reader) barrier(epoch uint64) (map[txn.Partition]int64, ending) {
	positions, end := r.positions(), r.ending()
	if r.attempt != nil {
		r.attempt.toReaders(message{barrier: epoch, end: end})
		r.order.barrier()
		r.waits()
	}
	r.epoch, r.dirty = epoch+1, false
	return positions, end
}

// positions returns where each partition goes on.
func (r *reader) positions() map[txn.Partition]int64 { return maps.Clone(r.next) }

// Assigned implements txn.RebalanceHandler.
func (r *reader) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	r.post(event{rebalance: rebalanceAssigned, parts: parts, meta: meta})
}

// Revoked implements txn.RebalanceHandler: it keeps the partitions until the loop lets go of them.
func (r *reader) Revoked(parts []txn.Partition) {
	r.leave(event{rebalance: rebalanceRevoked, parts: parts})
}

// Lost implements txn.RebalanceHandler: it returns when nothing works on the partitions any more.
func (r *reader) Lost(parts []txn.Partition) {
	r.leave(event{rebalance: rebalanceLost, parts: parts})
}

// leave tells the loop and serves its commands, barriers among them, until release.
func (r *reader) leave(ev event) {
	if r.stopping {
		return // the loop has ended; whatever was open is aborted or expires
	}
	r.releasing = true
	r.post(ev)
	for r.releasing {
		f := <-r.commands
		f()
	}
}

// stop ends run after its present poll.
func (r *reader) stop(ctx context.Context) {
	go r.do(func() { r.stopping, r.releasing = true, false })
	select {
	case <-r.done:
	case <-ctx.Done():
	}
}
