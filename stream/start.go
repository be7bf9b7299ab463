package stream

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirstream/weir/txn"
)

// Partition is a partition of a topic.
type Partition = txn.Partition

// StartKind is the kind of a Start.
type StartKind uint8

// The kinds of Start.
const (
	StartEarliest StartKind = iota
	StartLatest
	StartCommitted
	StartTimestamp
	StartOffsets
)

// Start is where a source begins to read a partition that the job has no committed offset for: Earliest, Latest, Committed, Timestamp or Offsets.
type Start struct {
	kind    StartKind
	ts      int64
	offsets map[Partition]int64
}

// Earliest begins with the first record that the topic still holds. It is the default.
func Earliest() Start { return Start{} }

// Latest begins with the first record that becomes visible after the job's first start.
func Latest() Start { return Start{kind: StartLatest} }

// Committed refuses to start where nothing is committed.
func Committed() Start { return Start{kind: StartCommitted} }

// Timestamp begins with the first record whose Kafka timestamp is t or later, or behind the last one if there is none.
func Timestamp(t time.Time) Start { return Start{kind: StartTimestamp, ts: t.UnixMilli()} }

// Offsets begins at these offsets; partitions that are not named begin at their earliest.
func Offsets(offsets map[Partition]int64) Start {
	return Start{kind: StartOffsets, offsets: maps.Clone(offsets)}
}

// StartAt says where the source begins if the job is new. What is committed counts for more: a job that has been running goes on where it was.
// Partitions that a running or restarted job finds new (added to a topic, or of a topic that matches a pattern) always begin at their earliest, so that
// no record of theirs is missed. Unless it is the earliest, the beginning is committed before the first record is read. It is an option of sources.
func StartAt(s Start) Option {
	return func(n *node) { n.reading.Start, n.started = s, true }
}

// Kind tells which it is.
func (s Start) Kind() StartKind { return s.kind }

// UnixMilli is the time of Timestamp.
func (s Start) UnixMilli() int64 { return s.ts }

// Of is the offset that Offsets gives for p.
func (s Start) Of(p Partition) (offset int64, ok bool) {
	offset, ok = s.offsets[p]
	return offset, ok
}

// Named are the partitions that Offsets gives an offset for, sorted.
func (s Start) Named() []Partition {
	return slices.SortedFunc(maps.Keys(s.offsets), Partition.Compare)
}

func (s Start) mistakes() (errs []error) {
	for _, p := range s.Named() {
		if offset := s.offsets[p]; offset < 0 || p.ID < 0 {
			errs = append(errs, fmt.Errorf("StartAt: topic %q partition %d offset %d; want numbers of 0 or more", p.Topic, p.ID, offset))
		}
	}
	return errs
}

// String is the Start as ParseStart reads it.
func (s Start) String() string {
	switch s.kind {
	case StartLatest:
		return "latest"
	case StartCommitted:
		return "committed"
	case StartTimestamp:
		return time.UnixMilli(s.ts).UTC().Format(time.RFC3339Nano)
	case StartOffsets:
		var all []string
		for _, p := range s.Named() {
			all = append(all, fmt.Sprintf("%s:%d=%d", p.Topic, p.ID, s.offsets[p]))
		}
		return strings.Join(all, ",")
	}
	return "earliest"
}

const startForms = "want earliest, latest, committed, a time (2026-01-31T12:00:00Z) or offsets (topic:partition=offset, several separated by commas)"

// ParseStart reads a Start as settings give it: earliest, latest, committed, an RFC 3339 time, or offsets as topic:partition=offset, separated by commas.
func ParseStart(text string) (Start, error) {
	switch text {
	case "earliest":
		return Earliest(), nil
	case "latest":
		return Latest(), nil
	case "committed":
		return Committed(), nil
	}
	if !strings.Contains(text, "=") {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return Start{}, fmt.Errorf("%q: %s", text, startForms)
		}
		return Timestamp(t), nil
	}
	offsets := map[Partition]int64{}
	for _, part := range strings.Split(text, ",") {
		p, offset, err := parseOffset(strings.TrimSpace(part))
		if err != nil {
			return Start{}, err
		}
		if _, twice := offsets[p]; twice {
			return Start{}, fmt.Errorf("%q: topic %q partition %d is there twice", text, p.Topic, p.ID)
		}
		offsets[p] = offset
	}
	return Offsets(offsets), nil
}

// parseOffset reads topic:partition=offset.
func parseOffset(text string) (p Partition, offset int64, err error) {
	name, number, _ := strings.Cut(text, "=")
	topic, id, _ := strings.Cut(name, ":")
	partition, err := strconv.ParseInt(id, 10, 32)
	if err == nil {
		offset, err = strconv.ParseInt(number, 10, 64)
	}
	if err != nil || topic == "" || partition < 0 || offset < 0 {
		return p, 0, fmt.Errorf("%q: %s", text, startForms)
	}
	return Partition{Topic: topic, ID: int32(partition)}, offset, nil
}
