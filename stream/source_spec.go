package stream

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// SourceSpec is a Kafka source: which topics it reads, and how.
type SourceSpec struct {
	UID    string
	Topics []string
	// Pattern selects topics beside Topics by their whole names; nil: none.
	Pattern *regexp.Regexp
	// Start is where partitions begin for which the group has no committed offset.
	Start Start
	// Bounded ends the source at the ends that its partitions have when the job is first started.
	Bounded bool
	// First: what is in its topics when an instance starts is read before the other sources are.
	First bool
	// MaxDrift is how far the watermark of a partition may be ahead of the slowest one of all sources that have it; 0: as far as it likes.
	MaxDrift time.Duration
}

// Reads says whether topic is one of the source's.
func (s *SourceSpec) Reads(topic string) bool {
	return slices.Contains(s.Topics, topic) || s.Pattern != nil && s.Pattern.MatchString(topic)
}

// reads lists the topics, and the pattern behind them.
func (s *SourceSpec) reads() []string {
	if s.Pattern == nil {
		return s.Topics
	}
	return append(slices.Clone(s.Topics), s.Pattern.String())
}

// Subscription says which topics a source reads: see Topics and Pattern.
type Subscription struct {
	topics  []string
	pattern string
	byName  bool // false: by pattern
}

// Topics reads these topics.
func Topics(names ...string) Subscription { return Subscription{topics: names, byName: true} }

// Pattern reads every topic whose whole name matches the regular expression (package regexp), also those that are made while the job runs. Names that
// begin with two underscores never match, nor do those that end as the topics which jobs keep for themselves, in -repartition and -commits: to read
// one of yours that is called so, name it (Topics). A topic that is deleted while the job runs is left out; one that a source names ends the job.
func Pattern(expr string) Subscription { return Subscription{pattern: expr} }

// PatternOf reads a pattern as settings give it: it begins with ^ or stands between slashes. ok is false for anything else, such as a topic.
func PatternOf(text string) (expr string, ok bool) {
	if inner, ok := strings.CutPrefix(text, "/"); ok && strings.HasSuffix(inner, "/") {
		return strings.TrimSuffix(inner, "/"), true
	}
	return text, strings.HasPrefix(text, "^")
}

// subscribe notes what the source n reads.
func (n *node) subscribe(from Subscription) {
	n.reading.Topics = slices.Clone(from.topics)
	if from.byName || from.pattern == "" {
		return // nothing to read is noticed later
	}
	expr, err := regexp.Compile(from.pattern)
	if err != nil {
		n.need(false, "the pattern of its topics: %v", err)
		n.reading.Pattern = regexp.MustCompile("") // one mistake is enough
		return
	}
	n.reading.Pattern = regexp.MustCompile("^(?:" + expr.String() + ")$")
}

// Bounded lets a source stop where its partitions end when the job is first started. When all sources of a job have come to their ends, event
// time does too, so that its windows and timers fire; those of processing time fire too, each once, whatever the clock shows. Then the job commits and
// ends. It is an option of sources.
func Bounded() Option { return func(n *node) { n.reading.Bounded = true } }

// ReadFirst lets the other sources wait, whenever an instance starts to work, until this one has been read up to where its partitions end then: a
// table is whole before it is looked up. With many instances each waits for the partitions that it has itself. It is an option of sources.
func ReadFirst() Option { return func(n *node) { n.reading.First = true } }

// AlignWatermarks lets no partition run ahead in event time: one whose watermark is more than maxDrift ahead of the slowest, of all
// sources of the job that have this option, is not read on until that one has caught up. Idle partitions (IdleAfter) are not waited for, nor those
// that have not had any record and have none to be read, nor, while a source is read first (ReadFirst), any but its partitions that are not at their ends
// yet. What was fetched already still passes. It is an option of sources with Watermarks.
//
// With many instances each knows how far the others' partitions are from what they commit, looking every second: these count as they were a second and a
// checkpoint interval ago, from their first watermark on, and no longer when their instance has committed nothing for a minute, as one that is gone or has nothing to be read.
func AlignWatermarks(maxDrift time.Duration) Option {
	return func(n *node) {
		n.reading.MaxDrift = maxDrift
		n.need(maxDrift > 0, "AlignWatermarks is given %v; it needs more than 0", maxDrift)
	}
}

// spec is what the plan says of the source n.
func (n *node) spec() *SourceSpec {
	s := n.reading
	s.UID, s.Topics = n.label(), slices.Clone(s.Topics)
	s.Start.offsets = maps.Clone(s.Start.offsets)
	return &s
}

// misread says what is wrong with how n reads.
func (n *node) misread() (errs []error) {
	r := &n.reading
	if !n.source() {
		if n.started || r.Bounded || r.First || r.MaxDrift != 0 {
			errs = append(errs, errors.New("StartAt, Bounded, ReadFirst and AlignWatermarks are options of sources"))
		}
		return errs
	}
	if r.MaxDrift != 0 && !n.event.watermarks {
		errs = append(errs, errors.New("AlignWatermarks is for sources with Watermarks"))
	}
	for _, p := range r.Start.Named() {
		if !r.Reads(p.Topic) {
			errs = append(errs, fmt.Errorf("StartAt gives an offset for topic %q, which it does not read", p.Topic))
		}
	}
	return append(errs, r.Start.mistakes()...)
}
