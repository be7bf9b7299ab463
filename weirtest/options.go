package weirtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirstream/weir/stream"
	"github.com/weirstream/weir/twophase"
)

// settings are what options change.
type settings struct {
	guarantee    twophase.Guarantee
	repeats      bool // outputs may repeat
	partitions   int
	twoClusters  bool
	exchange     string
	shards       int // partitions of repartition topics
	wait         time.Duration
	topics       []string // beside those of the job's graph
	grows        bool     // partitions can be added
	epochs       int
	twice        bool
	drain        bool
	from         string // URL of the savepoint that it starts from
	asIs         bool   // topics do not begin where it stands
	allowDropped []string
	scratch      string // folder to sort its state in
	offsets      *stream.Start
	groups       int
	parallelism  int
	show         func(Record) string
	unstable     map[[2]string]bool // states by uid and name
}

// Option is a setting of New or CrashEverywhere.
type Option func(*settings)

func newSettings(opts []Option) settings {
	s := settings{partitions: 1, epochs: 4, groups: 128, parallelism: 1, show: show, unstable: map[[2]string]bool{}}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// AtLeastOnce runs the job with that guarantee. CrashEverywhere then lets outputs repeat: those of a key may go on from any earlier
// output of it, but none may be missing and none be other than without a crash. State still has to be exact.
func AtLeastOnce() Option {
	return func(s *settings) { s.guarantee, s.repeats = twophase.AtLeastOnce, true }
}

// Partitions is the number of partitions of the topics that the job reads; 1 by default. With more, records of a key have to come from one
// partition, or their order is anybody's guess.
func Partitions(n int) Option { return func(s *settings) { s.partitions = n } }

// Topics makes further topics: those that sources select by a pattern, and, with one partition each, those that a sink of stream.ToAny finds out at
// work.
func Topics(names ...string) Option {
	return func(s *settings) { s.topics = append(s.topics, names...) }
}

// TwoClusters gives the outputs a cluster of their own, as WEIR_SINK_BROKERS does. The decision record is then in a topic there.
func TwoClusters() Option { return func(s *settings) { s.twoClusters = true } }

// Epochs is the number of epochs that CrashEverywhere cuts the input into; 4 by default.
func Epochs(n int) Option { return func(s *settings) { s.epochs = n } }

// Wait lets time pass when CrashEverywhere has all input committed, for what the job does by the clock: a window of processing time, for
// instance, ends then. What such a job makes must not depend on when in the time before a record came.
func Wait(d time.Duration) Option { return func(s *settings) { s.wait = d } }

// Twice lets CrashEverywhere also kill the process that recovers from a crash, or from a commit of unknown outcome, at each call of its
// recovery and of its first epoch.
func Twice() Option { return func(s *settings) { s.twice = true } }

// Show says what of an output CrashEverywhere compares. By default it is the value and the headers; a job that writes the time at which
// it processed a record has to leave that out.
func Show(show func(Record) string) Option { return func(s *settings) { s.show = show } }

// UnstableState excludes a state from the comparison of CrashEverywhere, because it holds the time of processing, for instance. That values
// with a TTL were used at other times needs no mention: it is not compared.
func UnstableState(uid, name string) Option {
	return func(s *settings) { s.unstable[[2]string{uid, name}] = true }
}

func show(r Record) string {
	var b strings.Builder
	if r.Value == nil {
		b.WriteString("null")
	} else {
		fmt.Fprintf(&b, "%q", r.Value)
	}
	for _, h := range r.Headers {
		fmt.Fprintf(&b, " %s=%q", h.Key, h.Value)
	}
	return b.String()
}

// The times are those of the bubble. Barriers are asked for, so that the interval is only what must never come first.
const (
	interval           = 5 * time.Minute
	transactionTimeout = 2 * interval
	patience           = 10 * time.Second
	stuck              = 5 * time.Minute
	discovery          = 10 * time.Second
)

// portion lets a task take all records that are there: event time goes on between batches, and so what is late depends on where they end.
const portion = 1000
