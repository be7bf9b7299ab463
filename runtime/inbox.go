package runtime

import (
	"sync"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/operators"
	"github.com/weirstream/weir/txn"
)

// message is what travels to a task: one of a batch from Kafka, a batch through an exchange, a barrier, a watermark, or a drain.
type message struct {
	source   *txn.Batch
	batch    operators.Batch
	exchange int       // that the batch came through
	barrier  uint64    // epoch, if not 0
	end      ending    // of a barrier: it is the last
	held     time.Time // of a barrier that the receiver gets: when the first of its inputs brought it
	drain    string    // a source partition is to come to its end for now
	mark     *mark
}

// inbox holds what a task has yet to take, a bounded queue for each of its inputs. An input that has passed a barrier
// is held back until all have, so the task sees each barrier once, and between two of them the records of one
// epoch only (Chandy–Lamport, as in Flink's aligned checkpoints). A full queue blocks its sender: the backpressure.
type inbox struct {
	mu      sync.Mutex
	recv    sync.Cond   // something to take, or closed
	send    []sync.Cond // room in the queue of that input, or closed
	queues  []ring
	align   *checkpoint.Aligner
	held    time.Time // since when it has held inputs back
	valve   valve
	next    int // where the round over the inputs goes on
	closed  bool
	waiting bool
	woken   bool        // the receiver has something to do besides
	alarm   *time.Timer // wakes up the receiver
}

// newInbox makes an inbox with a queue of size messages for each of n inputs; begin says which barrier is the first.
func newInbox(n, size int) *inbox {
	b := &inbox{send: make([]sync.Cond, n), queues: make([]ring, n), valve: newValve(n)}
	b.recv.L = &b.mu
	for i := range b.send {
		b.send[i].L = &b.mu
		b.queues[i].slots = make([]message, size)
	}
	return b
}

// begin expects the barrier of epoch as the first.
func (b *inbox) begin(epoch uint64) { b.align = checkpoint.NewAligner(len(b.queues), epoch-1) }

// put queues m behind input; false if the inbox was closed.
func (b *inbox) put(input int, m message) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queues[input]
	for q.full() && !b.closed {
		b.send[input].Wait()
	}
	if b.closed {
		return false
	}
	q.push(m)
	if b.waiting {
		b.recv.Signal()
	}
	return true
}

// take waits for the next message, until the deadline if there is one, or until wake: the message is then empty. A barrier comes when the last
// input has passed it, a watermark when the inputs together have come further. ok is false if the inbox was closed.
func (b *inbox) take(deadline time.Time) (m message, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.closed {
			return message{}, false, nil
		}
		m, input, found := b.pick()
		if !found {
			if b.woken || !b.wait(deadline) {
				b.woken = false
				return message{}, true, nil
			}
			continue
		}
		b.send[input].Signal()
		if ready, err := b.combine(input, &m); ready || err != nil {
			return m, err == nil, err
		}
	}
}

// combine says whether m is the receiver's to see: what all inputs bring counts when it has come from all.
func (b *inbox) combine(input int, m *message) (ready bool, err error) {
	switch {
	case m.barrier != 0:
		if _, held := b.align.Aligning(); !held {
			b.held = time.Now()
		}
		m.held = b.held
		return b.align.OnBarrier(input, m.barrier)
	case m.mark != nil:
		now, changed := b.valve.take(input, *m.mark)
		m.mark = &now
		return changed, nil
	}
	return true, nil
}

// wait sleeps until there may be something to take; false: the deadline has passed.
func (b *inbox) wait(deadline time.Time) bool {
	if !deadline.IsZero() {
		d := time.Until(deadline)
		if d <= 0 {
			return false
		}
		if b.alarm == nil {
			b.alarm = time.AfterFunc(d, b.wake)
		} else {
			b.alarm.Reset(d)
		}
		defer b.alarm.Stop()
	}
	b.waiting = true
	b.recv.Wait()
	b.waiting = false
	return true
}

// wake lets the receiver come back without a message.
func (b *inbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.woken = true
	b.recv.Signal()
}

// idle says whether take would wait.
func (b *inbox) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.queues {
		if !b.queues[i].empty() && !b.align.Held(i) {
			return false
		}
	}
	return true
}

// pick takes from the next input in turn that has something and is not held back.
func (b *inbox) pick() (m message, input int, ok bool) {
	for range b.queues {
		i := b.next
		if b.next++; b.next == len(b.queues) {
			b.next = 0
		}
		if !b.queues[i].empty() && !b.align.Held(i) {
			return b.queues[i].pop(), i, true
		}
	}
	return message{}, 0, false
}

// close wakes everybody up; what is queued is dropped.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.recv.Broadcast()
	for i := range b.send {
		b.send[i].Broadcast()
	}
}

// ring is a queue of fixed size.
type ring struct {
	slots   []message
	head, n int
}

func (r *ring) full() bool  { return r.n == len(r.slots) }
func (r *ring) empty() bool { return r.n == 0 }

func (r *ring) push(m message) {
	r.slots[(r.head+r.n)%len(r.slots)] = m
	r.n++
}

func (r *ring) pop() message {
	m := r.slots[r.head]
	r.slots[r.head] = message{} // let go of the batch
	r.head = (r.head + 1) % len(r.slots)
	r.n--
	return m
}
