package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/txn"
)

// sourceTopics lists what the sources read as things stand: the topics that they name, and those that their patterns match.
func (in *Instance) sourceTopics(ctx context.Context) ([]string, error) {
	var all []string
	if in.anySource(func(s *stream.SourceSpec) bool { return s.Pattern != nil }) {
		counts, err := in.admin.AllTopics(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for topics that match a pattern (WEIR_INPUT_TOPICS): %w", err)
		}
		all = slices.Sorted(maps.Keys(counts))
	}
	readers := map[string]*stream.SourceSpec{}
	for i := range in.o.Plan.Stages {
		s := in.o.Plan.Stages[i].Source
		if s == nil {
			continue
		}
		for _, topic := range s.Topics {
			if err := in.claim(readers, topic, s); err != nil {
				return nil, err
			}
		}
		for _, topic := range all {
			if err := in.match(readers, topic, s); err != nil {
				return nil, err
			}
		}
	}
	return slices.Sorted(maps.Keys(readers)), nil
}

// match claims a topic for a source if its pattern matches.
func (in *Instance) match(readers map[string]*stream.SourceSpec, topic string, s *stream.SourceSpec) error {
	if s.Pattern == nil || !s.Pattern.MatchString(topic) {
		return nil
	}
	if internal(topic) {
		in.leftOut(s, topic)
		return nil
	}
	return in.claim(readers, topic, s)
}

// leftOut tells once of a topic that the pattern of a source matches and that is not read for its name, unless that was to be expected.
func (in *Instance) leftOut(s *stream.SourceSpec, topic string) {
	if _, told := in.told.LoadOrStore(topic, true); told || strings.HasPrefix(topic, "__") || strings.HasPrefix(topic, in.o.JobID+"-") {
		return
	}
	in.log.Warn("the pattern of a source matches a topic whose name is that of one which a job keeps for itself (…-commits, …-repartition): it is not read. If it is one of yours, name it in a source (WEIR_INPUT_TOPICS as a list, stream.Topics)",
		"topic", topic, "source", s.UID)
}

// checkUnread refuses to write to a topic that a record has chosen if a source reads it.
func (in *Instance) checkUnread(topic string) error {
	if s := in.sourceReading(topic); in.o.SinkClient == nil && s != nil {
		return ownOutput(s, topic)
	}
	return nil
}

func ownOutput(s *stream.SourceSpec, topic string) error {
	if slices.Contains(s.Topics, topic) {
		return fmt.Errorf("%w: source %q reads topic %q, which the job writes to: it would read its own output for ever. Write to another topic (WEIR_OUTPUT_TOPIC), or read another one (WEIR_INPUT_TOPICS)",
			ErrConfig, s.UID, topic)
	}
	return fmt.Errorf("%w: the pattern of source %q matches topic %q, which the job writes to: it would read its own output for ever. Choose a pattern that leaves it out (WEIR_INPUT_TOPICS)",
		ErrConfig, s.UID, topic)
}

// claim gives a topic to the one source that reads it. The job would read what it writes, for ever, if that is one of its sinks.
func (in *Instance) claim(readers map[string]*stream.SourceSpec, topic string, s *stream.SourceSpec) error {
	if in.o.SinkClient == nil && slices.Contains(in.sinkTopics(), topic) {
		return ownOutput(s, topic)
	}
	if other := readers[topic]; other != nil && other != s {
		return fmt.Errorf("%w: topic %q belongs to source %q and matches the pattern of source %q: one source reads a topic, and can have several consumers", ErrConfig, topic, other.UID, s.UID)
	}
	readers[topic] = s
	return nil
}

// internal says by its name whether a topic is the brokers' own, or one that a job, whichever, keeps for itself (RepartitionTopic, commits.Topic).
func internal(topic string) bool {
	return strings.HasPrefix(topic, "__") || strings.HasSuffix(topic, "-commits") || strings.HasSuffix(topic, "-repartition")
}

// reads says whether a partition's topic is one of a source's.
func (in *Instance) reads(s *stream.SourceSpec, topic string) bool {
	return s != nil && s.Reads(topic) && (s.Pattern == nil || !internal(topic))
}

// awaitTopics waits until there is something to read: a pattern may match nothing yet.
func (in *Instance) awaitTopics(ctx context.Context) ([]string, error) {
	for told := false; ; told = true {
		topics, err := in.lookForTopics(ctx)
		if err != nil || len(topics) > 0 {
			return topics, err
		}
		if in.o.Discovery <= 0 || in.bounded() {
			return nil, fmt.Errorf("%w: no topic matches the pattern of any source (WEIR_INPUT_TOPICS); it has to match whole names, as ^orders-.*$ does", ErrConfig)
		}
		if !told {
			in.log.Warn("no topic matches the pattern of any source yet; waiting for one", "every", in.o.Discovery)
			in.view.phase(PhaseWaiting)
		}
		for end := time.Now().Add(in.o.Discovery); time.Now().Before(end); {
			select {
			case <-time.After(min(time.Second, in.o.Discovery)):
				in.view.change(func(*Status) {})
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
}

func (in *Instance) lookForTopics(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, in.o.StartTimeout)
	defer cancel()
	topics, err := in.sourceTopics(ctx)
	if err != nil {
		return nil, in.unanswered(ctx, err)
	}
	return topics, nil
}

// without returns those of all that are not among some.
func without(all, some []txn.Partition) []txn.Partition {
	return slices.DeleteFunc(slices.Clone(all), func(p txn.Partition) bool { return slices.Contains(some, p) })
}
