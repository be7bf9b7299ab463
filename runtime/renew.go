package runtime

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/txn"
)

// A static member that the group has fenced need not have a rival: if the answer to its JoinGroup is lost, with a coordinator that dies or
// behind a session that has timed out, it joins again, and so fences itself. The client takes that for final. Where the register of
// instances says that nobody else has started under our name since we did, we go on with a new consumer.
//
// renewable is a consumer that does that in Poll: what was owned is lost, and comes again with the next assignment.
type renewable struct {
	present atomic.Pointer[membership]
	open    func(txn.RebalanceHandler) (txn.Consumer, error)
	alone   func() bool // nobody else has our name
	handler txn.RebalanceHandler
	renewed []time.Time // of Poll
}

// More than maxRenewals in renewalSpan are no accident: perhaps somebody with another register has our name.
const (
	maxRenewals = 3
	renewalSpan = time.Minute
)

// membership hears of rebalances for as long as its consumer is in use.
type membership struct {
	txn.Consumer
	handler txn.RebalanceHandler
	owned   []txn.Partition
	over    bool
}

func newRenewable(handler txn.RebalanceHandler, alone func() bool, open func(txn.RebalanceHandler) (txn.Consumer, error)) (*renewable, error) {
	r := &renewable{open: open, alone: alone, handler: handler}
	return r, r.join()
}

func (r *renewable) join() (err error) {
	m := &membership{handler: r.handler}
	if m.Consumer, err = r.open(m); err != nil {
		return err
	}
	r.present.Store(m)
	return nil
}

func (m *membership) Assigned(parts []txn.Partition, meta txn.GroupMetadata) {
	if !m.over {
		m.owned = parts
		m.handler.Assigned(parts, meta)
	}
}

func (m *membership) Revoked(parts []txn.Partition) {
	if !m.over {
		m.owned = nil
		m.handler.Revoked(parts)
	}
}

func (m *membership) Lost(parts []txn.Partition) {
	if !m.over {
		m.owned = nil
		m.handler.Lost(parts)
	}
}

// Poll implements txn.Consumer.
func (r *renewable) Poll(wait time.Duration, max int) ([]*txn.Batch, error) {
	batches, err := r.present.Load().Poll(wait, max)
	if txn.ClassOf(err) != txn.ClassFenced || r.often() || !r.alone() {
		return batches, err
	}
	r.renewed = append(r.renewed, time.Now())
	old := r.present.Load()
	if len(old.owned) > 0 {
		old.Lost(old.owned)
	}
	old.over = true
	closing := old.Close()
	if err := r.join(); err != nil {
		return nil, err
	}
	if closing != nil {
		return nil, &txn.Error{Op: "close", Class: txn.ClassRetry, Code: "_FENCED", Err: closing}
	}
	return nil, nil
}

func (r *renewable) often() bool {
	n := 0
	for _, at := range r.renewed {
		if time.Since(at) < renewalSpan {
			n++
		}
	}
	return n >= maxRenewals
}

// alone looks into the register of instances.
func (in *Instance) alone() bool {
	ctx, cancel := context.WithTimeout(in.ctx, 5*time.Second)
	defer cancel()
	known, err := checkpoint.Instances(ctx, in.o.Store, in.o.JobID)
	if err != nil {
		in.log.Warn("could not read the register of instances; taking it that another process has our name", "err", err)
		return false
	}
	for _, i := range known {
		if i.ID == in.o.InstanceID {
			if i.Run == in.runName {
				in.log.Warn("the group has fenced this instance, but no other one has started with its name: joining again")
				return true
			}
			return false
		}
	}
	return false
}

// Seek implements txn.Consumer, as all below: the present consumer does it.
func (r *renewable) Seek(positions map[txn.Partition]int64) error {
	return r.present.Load().Seek(positions)
}
func (r *renewable) Pause() error                     { return r.present.Load().Pause() }
func (r *renewable) Resume() error                    { return r.present.Load().Resume() }
func (r *renewable) Hold(parts []txn.Partition) error { return r.present.Load().Hold(parts) }
func (r *renewable) Position(p txn.Partition) int64   { return r.present.Load().Position(p) }
func (r *renewable) Subscribe(topics []string) error  { return r.present.Load().Subscribe(topics) }
func (r *renewable) KnownEnd(p txn.Partition) int64   { return r.present.Load().KnownEnd(p) }
func (r *renewable) Close() error                     { return r.present.Load().Close() }

func (r *renewable) Commit(ctx context.Context, offsets map[txn.Partition]txn.Position, meta txn.GroupMetadata) error {
	return r.present.Load().Commit(ctx, offsets, meta)
}

func (r *renewable) Committed(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Position, error) {
	return r.present.Load().Committed(ctx, parts)
}

func (r *renewable) Ends(ctx context.Context, parts []txn.Partition) (map[txn.Partition]txn.Ends, error) {
	return r.present.Load().Ends(ctx, parts)
}

func (r *renewable) Stable(ctx context.Context, parts []txn.Partition) (map[txn.Partition]int64, error) {
	return r.present.Load().Stable(ctx, parts)
}

func (r *renewable) Since(ctx context.Context, parts []txn.Partition, ts int64) (map[txn.Partition]int64, error) {
	return r.present.Load().Since(ctx, parts, ts)
}
