package runtime

import (
	"context"
	"time"
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
	var counts map[string]int
	if err == nil {
		counts, err = in.sourceCounts(ctx, topics, "WEIR_INPUT_TOPICS")
	}
	in.post(event{then: func() { in.looked(topics, counts, err) }})
}

// looked takes what discovery has found.
func (in *Instance) looked(topics []string, counts map[string]int, err error) {
	switch {
	case err != nil && isFatal(err):
		in.fail(err)
		return
	case err != nil:
		in.log.Warn("could not look for new partitions", "err", err)
		return
	case len(in.owned) == 0 || in.work.counts == nil || in.leaving():
		return // a rebalance is under way, another member works, or nothing more is to be read
	}
	in.lackTopics(topics)
	for _, topic := range topics {
		if known := in.work.counts[topic]; counts[topic] > known {
			in.log.Info("new partitions; the group deals out anew", "topic", topic, "partitions", counts[topic], "known", known)
			in.subscribe(topics)
			return
		}
	}
	if in.single() && len(without(in.work.parts, in.owned)) > 0 {
		in.claimRest()
	}
}

// claimRest sees to partitions that we know of and don't have. If there is no other member to have them, whoever dealt out had not heard of
// them, or we came back, under a static name, to what we had before they were added: then the group has to deal out anew.
func (in *Instance) claimRest() {
	n, ours, all := in.assignment, len(in.owned), len(in.work.parts)
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
				in.subscribe(in.topology.sources.list())
			}
		}})
	}()
}

func (in *Instance) subscribe(topics []string) {
	in.topology.sources.set(topics)
	in.reader.subscribe(in.topology.topics())
}
