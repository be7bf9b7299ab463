package runtime_test

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirstream/weir/checkpoint"
	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// Many instances come to the end of bounded input, with windows of both times that fire there. Who comes when all is done adds nothing, though more was written.
func TestManyInstancesBounded(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 4, "text", "word-counts")
	lines, words := text(600)
	c.feed("text", lines...)
	bounded := runs(t, tallies(stream.Bounded()))
	one, two := c.start(c.many("one"), bounded), c.start(c.many("two"), bounded)
	for _, l := range []*life{one, two} {
		if err := l.end(t); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]int64{}
	for word, n := range words {
		want[strconv.Itoa(len(word))] += int64(n)
	}
	got := tallied(t, c.committed("word-counts"))
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.feed("text", lines[:100]...)
	if err := c.start(c.many("three"), bounded).end(t); err != nil {
		t.Fatal(err)
	}
	if again := tallied(t, c.committed("word-counts")); !maps.Equal(again, got) {
		t.Errorf("a job that is over has written %v", again)
	}
}

// sevenWords are lines of one word each, of seven that begin alike, and how often each is there.
func sevenWords(first string, n int) (lines []string, counts map[string]int64) {
	counts = map[string]int64{}
	for i := range n {
		word := fmt.Sprint(first, i%7)
		lines = append(lines, word)
		counts[word]++
	}
	return lines, counts
}

// slowDays counts the words of topics in windows of a day, of each topic as a bounded source of its own. It takes a millisecond for so many of them.
func slowDays(t testing.TB, words int64, topics ...string) func(*runtime.Options) {
	t.Helper()
	var seen atomic.Int64
	return func(o *runtime.Options) {
		job := stream.NewJob("slow")
		var all []stream.Stream[string]
		for _, topic := range topics {
			in := stream.From(job, stream.Topics(topic), stream.Values(state.String{}), stream.Bounded(), stream.UID(topic))
			all = append(all, stream.Map(in, func(w string) string {
				if seen.Add(1)%words == 0 {
					time.Sleep(time.Millisecond)
				}
				return w
			}, stream.UID("words_"+topic)))
		}
		byWord := stream.KeyBy(stream.Union(all[0], all[1:]...), func(w string) string { return w }, stream.Through(state.String{}), stream.UID("by_word"))
		days := stream.WindowAggregate(byWord, stream.Tumbling(24*time.Hour).ProcessingTime(), stream.Aggregator[string, int64, int64]{
			Codec: state.Int64{}, New: func() int64 { return 0 },
			Add: func(acc int64, _ string) int64 { return acc + 1 }, Result: func(acc int64) int64 { return acc },
		}, stream.UID("days"))
		stream.To(days, "word-counts", func(p stream.Pane[string, int64], out *stream.Output) error {
			out.Key, out.Value = []byte(p.Key), strconv.AppendInt(nil, p.Value, 10)
			return nil
		})
		runs(t, job)(o)
	}
}

// One partition comes to its end long before the other, and the job is started again in between: who has heard of that end by then still knows it, though it has no event
// time, and its windows fire when the other has ended, too.
func TestManyInstancesRememberEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	lines, want := sevenWords("w", 60_000)
	c.feedBatch("text", 1, lines)
	slow := slowDays(t, 20, "text")
	one, two := c.start(c.many("one"), slow), c.start(c.many("two"), slow) // one of them does not have the other partition to read
	one.until(t, "the end of the empty partition behind the exchange", c.heard("wordcount", "text", 0))
	if one.in.Status().RecordsIn+two.in.Status().RecordsIn >= uint64(len(lines)) {
		t.Fatal("the other partition has ended, too")
	}
	for _, l := range []*life{one, two} {
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.start(c.many("one"), slow).end(t); err != nil {
		t.Fatal(err)
	}
	if got := tallied(t, c.committed("word-counts")); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// One source has come to its end when a version of the job comes that does without the other, which has not: the windows that wait for that would never fire, so it is refused.
// With the source all is as if nothing had been.
func TestManyInstancesDropUnfinishedSource(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "more", "word-counts")
	few, want := sevenWords("t", 700)
	many, others := sevenWords("m", 60_000)
	maps.Copy(want, others)
	c.feedBatch("text", 0, few)
	c.feedBatch("more", 1, many)
	both := slowDays(t, 20, "text", "more")
	one, two := c.start(c.many("one"), both), c.start(c.many("two"), both) // one of them does not have the full partition of more to read
	for p := range int32(2) {
		one.until(t, "the end of text behind the exchange", c.heard("wordcount", "text", p))
	}
	if one.in.Status().RecordsIn+two.in.Status().RecordsIn >= uint64(len(few)+len(many)) {
		t.Fatal("the other source has ended, too")
	}
	for _, l := range []*life{one, two} {
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.committed("word-counts")); n > 0 {
		t.Fatalf("%d windows have fired", n)
	}
	err := c.start(c.many("one"), slowDays(t, 20, "text")).end(t)
	if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), `no source reads topic "more" any more`) {
		t.Fatalf("without the other source: %v", err)
	}
	if err := c.start(c.many("one"), both).end(t); err != nil {
		t.Fatal(err)
	}
	if got := tallied(t, c.committed("word-counts")); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := c.start(c.many("one"), slowDays(t, 20, "text")).end(t); err != nil {
		t.Errorf("a job that is over does without a source: %v", err)
	}
}

// heard says whether a source partition has come to its end and one of those behind the exchange has gone past its word of that.
func (c *cluster) heard(group, topic string, partition int32) func(runtime.Status) bool {
	var told kadm.ListedOffsets
	return func(s runtime.Status) (heard bool) {
		if s.Commits == 0 {
			return false // perhaps there is no group yet
		}
		c.admin(func(a *kadm.Client) error {
			committed, err := a.FetchOffsets(c.t.Context(), group)
			if err != nil {
				return err
			}
			at, _ := committed.Lookup(topic, partition)
			if m, _, err := checkpoint.DecodeMetadata(at.Metadata); err != nil || m.Drained == "" {
				return err
			}
			if told == nil {
				told, err = a.ListCommittedOffsets(c.t.Context(), group+"-by_word-repartition")
				return err
			}
			told.Each(func(end kadm.ListedOffset) {
				at, ok := committed.Lookup(end.Topic, end.Partition)
				heard = heard || ok && at.At >= end.Offset-1 // the end of a transaction may be last
			})
			return nil
		})
		return heard
	}
}

// Ends can't be chosen for a job that has been running without.
func TestManyInstancesRefuseBoundedLater(t *testing.T) {
	c := newCluster(t, 2, "text", "word-counts")
	lines, _ := text(10)
	c.feed("text", lines...)
	l := c.start(c.many("one"))
	l.until(t, "commit", func(s runtime.Status) bool { return s.Commits > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	err := c.start(c.many("one"), counting(t, jobs.Params{Bounded: true})).end(t)
	if !errors.Is(err, runtime.ErrState) || !strings.Contains(err.Error(), "ends are chosen when a job begins") {
		t.Errorf("it ended with %v", err)
	}
}

// Two instances begin at the latest records: at the same ones, which one of them chooses. What comes while both are away is read, and a partition that is added from
// its beginning.
func TestManyInstancesStartAtLatest(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 4, "text", "word-counts")
	latest := counting(t, jobs.Params{Start: stream.Latest()})
	often := func(o *runtime.Options) { o.Discovery = 100 * time.Millisecond }
	skipped, _ := text(300)
	c.feed("text", skipped...)
	running := func(s runtime.Status) bool { return s.Phase == runtime.PhaseRunning && s.Partitions > 0 }
	one, two := c.start(c.many("one"), latest, often), c.start(c.many("two"), latest, often)
	one.until(t, "run", running)
	two.until(t, "run", running)
	lines, want := text(900)
	c.feed("text", lines[:300]...)
	c.awaitOutputs("word-counts", map[string]int{"any": 300})
	for _, l := range []*life{one, two} {
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
	c.feed("text", lines[300:600]...)
	one, two = c.start(c.many("one"), latest, often), c.start(c.many("two"), latest, often)
	c.admin(func(a *kadm.Client) error {
		_, err := a.CreatePartitions(t.Context(), 1, "text")
		return err
	})
	c.feedBatch("text", 4, lines[600:])
	c.finish(want, one, two)
}

// A source that is new to a job that has been running can't begin at the latest records: no instance could choose them for the others.
func TestManyInstancesRefuseLatestOfNewSource(t *testing.T) {
	c := newCluster(t, 2, "text", "more", "word-counts")
	lines, _ := text(10)
	c.feed("text", lines...)
	l := c.start(c.many("one"), counting(t, jobs.Params{}))
	l.until(t, "commit", func(s runtime.Status) bool { return s.Commits > 0 })
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	err := c.start(c.many("one"), counting(t, jobs.Params{Inputs: []string{"more"}, Start: stream.Latest()})).end(t)
	if !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), "is new to a job that has been running") {
		t.Errorf("it ended with %v", err)
	}
}
