package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/weirstream/weir/twophase"
	"github.com/weirstream/weir/txn"
)

// revokePatience bounds the barrier and commit that a revocation waits for.
const revokePatience = 20 * time.Second

// rebalanced takes what the consumer says about the partitions.
func (in *Instance) rebalanced(ev event) {
	in.assignment++
	lacking := in.lacking
	in.lacking = false
	switch ev.rebalance {
	case rebalanceAssigned:
		in.m.Rebalance("assigned")
		in.owned, in.meta = ev.parts, ev.meta
		in.checkOwned()
	case rebalanceRevoked:
		in.m.Rebalance("revoked")
		if lacking {
			in.giveBack(twophase.Lost)
			return
		}
		in.expiry = time.AfterFunc(revokePatience, func() { in.post(event{Event: twophase.Event{Kind: twophase.RevokeExpired}}) })
		in.giveBack(twophase.Revoked)
	case rebalanceLost:
		in.m.Rebalance("lost")
		in.wasLost = true
		in.giveBack(twophase.Lost)
	}
}

// giveBack lets the protocol end its work on the partitions; without any they are released at once.
func (in *Instance) giveBack(kind twophase.EventKind) {
	in.owned = nil
	if in.giveUp != nil {
		in.giveUp()
	}
	if in.active {
		in.step(twophase.Event{Kind: kind})
		return
	}
	in.release()
}

// release lets the rebalance callback return.
func (in *Instance) release() {
	if in.expiry != nil {
		in.expiry.Stop()
	}
	in.active = false
	for _, s := range in.shards {
		s.ours.Store(false)
	}
	if !in.leaving() {
		in.view.phase(PhaseWaiting)
	}
	in.m.DropPartitions()
	go in.reader.do(func() { in.reader.releasing = false })
}

// checkOwned finds out what there is, and so whether what we own is something to work on.
func (in *Instance) checkOwned() {
	n, owned, topics := in.assignment, in.owned, in.topology.sources.list()
	if len(owned) == 0 && in.single() {
		if in.wasLost {
			in.checkRival()
		}
		return
	}
	if len(owned) == 0 {
		in.view.phase(PhaseStandby)
	}
	go func() {
		var counts map[string]int
		var member string
		err := in.checkMet()
		if err == nil && len(owned) > 0 {
			counts, err = in.countPartitions(in.ctx, topics)
			member = in.memberID(in.ctx)
		}
		in.post(event{then: func() {
			switch {
			case n != in.assignment: // there was a rebalance since
			case err != nil:
				in.fail(err)
			case len(owned) > 0:
				in.member = member
				in.assigned(counts)
			}
		}})
	}()
}

// checkMet looks at the group once more when this instance has joined it: of two that start at the same moment neither finds the other before. Whoever
// joins later looks by itself.
func (in *Instance) checkMet() error {
	if in.single() || in.met.Load() {
		return nil
	}
	err := in.checkRegistered(in.ctx)
	in.met.Store(err == nil)
	return err
}

// assigned starts the protocol on what is ours. With the exchange in memory there is something to do only if that is all there is: one
// instance works on a job at a time.
func (in *Instance) assigned(counts map[string]int) {
	if err := in.checkUnparted(counts); err != nil {
		in.fail(err)
		return
	}
	in.work = work{parts: in.whole(in.owned), counts: counts}
	if in.single() {
		all := in.topology.partitions(counts)
		in.work.parts = append(all, without(in.owned, all)...) // the consumer may have heard of new ones first
	}
	if len(without(in.work.parts, in.owned)) > 0 {
		if in.wasLost {
			in.checkRival()
		}
		in.claimRest()
		return
	}
	in.wasLost = false
	in.active = true
	in.view.phase(PhaseRestoring)
	in.view.partitions(len(in.owned))
	in.step(twophase.Event{Kind: twophase.Assigned})
}

// checkRival ends an instance that lost its partitions to another one: a frozen process that thaws finds its successor at work.
func (in *Instance) checkRival() {
	go func() {
		err := in.checkSuccessor("")
		in.post(event{then: func() {
			if err != nil && in.wasLost {
				in.fail(err)
			}
		}})
	}()
}

// checkSuccessor looks, after partitions were lost or before a failure makes us fence, whether somebody works on them: then this process was frozen and is a
// zombie. It must not join the group again, where it would take the partitions, or even the name, from its successor, nor fence in turn, which
// would take the transaction away from it; our own consumer may hear of the loss only at its next heartbeat. If the group can't be asked, going on is
// all that is left. member is who we were; empty: not known.
func (in *Instance) checkSuccessor(member string) error {
	ctx, cancel := context.WithTimeout(in.ctx, 5*time.Second)
	defer cancel()
	members, err := in.admin.Members(ctx, in.o.JobID)
	if err != nil {
		in.log.Warn("could not look at the group after a failure or a loss of partitions; going on", "err", err)
		return nil
	}
	for _, m := range members {
		switch {
		case m.InstanceID != in.o.InstanceID && in.single():
			return fmt.Errorf("%w: this instance lost its partitions, and %s works on them by now", ErrOccupied, describe([]txn.Member{m}))
		case in.replaced(m, member):
			return fmt.Errorf("%w: this instance %q lost its partitions, and another process of that name, at %s, works on them by now", ErrRival, in.o.InstanceID, m.Host)
		}
	}
	return nil
}

// replaced says whether m has our name and is not us, who were member.
func (in *Instance) replaced(m txn.Member, member string) bool {
	return m.InstanceID == in.o.InstanceID && member != "" && m.ID != member && !in.alone()
}
