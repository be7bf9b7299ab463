package runtime

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// goneLook is the time between the two looks at the cluster that find a topic gone: a broker that has just come back may not know all yet.
const goneLook = time.Second

// unknownTopic says whether the client reads a topic that does not exist any more, or not for the broker that it asked.
func unknownTopic(err error) bool {
	var e *txn.Error
	return errors.As(err, &e) && (e.Code == "UNKNOWN_TOPIC_OR_PARTITION" || e.Code == "_UNKNOWN_TOPIC")
}

// forgives says whether the job goes on without a topic that is gone: a pattern reads what there is.
func (in *Instance) forgives() bool {
	return !in.bounded() && in.anySource(func(s *stream.SourceSpec) bool { return s.Pattern != nil })
}

// missed takes what the consumer says of a topic that does not exist: the cluster is asked which one.
func (in *Instance) missed(err error) {
	in.log.Warn("a topic that is read does not exist; looking which", "err", err)
	in.lacking = true
	go func() {
		in.look()
		in.sleep(goneLook)
		in.look()
	}()
}

// lackTopics goes on without topics that a pattern has matched and that there are no more, once two looks in a row have not found them. The group takes no offsets of topics that it doesn't
// know, so that an epoch which has read from one can't be committed: what else was read in it is read again. A commit that is under way already fails when the client gives up, after about 10 s.
func (in *Instance) lackTopics(found []string) {
	gone := slices.DeleteFunc(slices.Clone(in.topology.sources.list()), func(topic string) bool { return slices.Contains(found, topic) })
	again := len(gone) > 0 && slices.Equal(gone, in.absent)
	if in.absent = gone; !again || len(found) == 0 {
		return
	}
	in.log.Warn("topics that the pattern of a source has matched are gone; the job goes on without them, and without what was not committed of them", "topics", gone)
	in.absent, in.lacking = nil, true
	in.subscribe(found)
}

// sourceCounts returns the partition count of topics of sources. Those that a pattern has matched may be gone.
func (in *Instance) sourceCounts(ctx context.Context, topics []string, setting string) (map[string]int, error) {
	counts, err := in.askCounts(ctx, in.admin, topics, setting)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(slices.Clone(topics), func(topic string) bool {
		s := in.sourceReading(topic)
		return s != nil && s.Pattern != nil
	})
	return counts, in.checkExist(in.admin, named, counts, setting)
}
