package runtime_test

import (
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirstream/weir/jobs"
	"github.com/weirstream/weir/runtime"
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
