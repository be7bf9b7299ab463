package runtime

import (
	"context"
	"time"

	"github.com/weirstream/weir/txn"
)

// claimDelay lets a broker hear of partitions that another one told us of.
const claimDelay = 200 * time.Millisecond

// discover looks for new partitions, and for new topics that patterns match, until the instance ends. What is found is subscribed to, which makes
// the group deal everything out anew: the partitions are revoked, so that the open epoch is committed, and come back with the new ones.
func (in *Instance) discover() {
	if in.o.Discovery <= 0 || in.bounded() {
		return
	}
	t := time.NewTicker(in.o.Discovery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			in.look()
		case <-in.leave:
			return
		case <-in.ended:
			return
		}
	}
}

// look compares what there is with what is ours.
func (in *Instance) look() {
	ctx, cancel := context.WithTimeout(in.ctx, in.o.StartTimeout)
	defer cancel()
	topics, err := in.sourceTopics(ctx)
	var there []txn.Partition
	if err == nil {
		there, err = in.partitions(ctx, topics)
	}
	in.post(event{then: func() { in.looked(topics, there, err) }})
}

// looked takes what discovery has found. A topic that is gone from a pattern stays subscribed to: the client says so when it is read.
func (in *Instance) looked(topics []string, there []txn.Partition, err error) {
	switch {
	case err != nil && isFatal(err):
		in.fail(err)
		return
	case err != nil:
		in.log.Warn("could not look for new partitions", "err", err)
		return
	case len(in.owned) == 0 || in.leaving():
		return // a rebalance is under way, another member works, or nothing more is to be read
	}
	missing := without(there, in.owned)
	if len(missing) == 0 {
		return
	}
	if unheard := without(missing, in.all); len(unheard) > 0 {
		in.log.Info("new partitions; the group deals out anew", "new", len(unheard), "first", unheard[0], "topics", topics)
		in.subscribe(topics)
		return
	}
	in.claimRest()
}

// claimRest sees to partitions that we know of and don't have. If there is no other member to have them, whoever dealt out had not heard of
// them, or we came back, under a static name, to what we had before they were added: then the group has to deal out anew.
func (in *Instance) claimRest() {
	n, ours, all := in.assignment, len(in.owned), len(in.all)
	go func() {
		in.sleep(claimDelay)
		others, err := in.otherMembers(in.ctx)
		in.post(event{then: func() {
			switch {
			case n != in.assignment || in.leaving():
			case err != nil:
				in.log.Warn("not all partitions are ours, and the group could not be looked at", "ours", ours, "all", all, "err", err)
			case len(others) > 0:
				in.log.Warn("not all partitions are ours; waiting for the other member to leave", "ours", ours, "all", all, "member", describe(others), "group", in.o.JobID)
			default:
				in.log.Info("partitions were added that nobody has; the group deals out anew", "ours", ours, "all", all)
				in.subscribe(in.topics)
			}
		}})
	}()
}

func (in *Instance) subscribe(topics []string) {
	in.topics = topics
	in.reader.subscribe(topics)
}
