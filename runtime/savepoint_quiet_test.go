package runtime_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
)

// TestSavepointOverInstances: with records in repartition topics all the time, each savepoint is a cut with none under way: it holds just what an independent
// replay of the input up to its offsets does. The job loses and doubles nothing by it.
func TestSavepointOverInstances(t *testing.T) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, _ := text(1000)
	want := map[string]int{}
	one, two := c.pair()
	enough, done := make(chan struct{}), make(chan struct{})
	go func() { // without a pause, so that no moment is quiet by itself
		defer close(done)
		for i := 0; ; i = (i + 20) % len(lines) {
			select {
			case <-enough:
				return
			default:
			}
			c.feed("text", lines[i:i+20]...)
			for _, l := range lines[i : i+20] {
				for _, w := range strings.Fields(l) {
					want[w]++
				}
			}
		}
	}()
	for _, l := range []*life{one, two} {
		l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	}
	var urls []string
	for _, l := range []*life{one, two, one} {
		urls = append(urls, l.ask(t, runtime.SavepointRequest{}).URL)
	}
	close(enough)
	<-done
	c.awaitOutputs("word-counts", want)
	urls = append(urls, two.ask(t, runtime.SavepointRequest{Name: "last"}).URL)
	if err := one.stop(t); err != nil {
		t.Fatal(err)
	}
	if err := two.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
	records := c.committed("text")
	for i, url := range urls {
		h, got := wordsIn(t, url)
		if again := replayed(records, h); !maps.Equal(got, again) {
			t.Errorf("%s: got %v, want %v", url, got, again)
		}
		if h.Exchange != "kafka" || len(h.Checkpoints) != 4 || len(h.Sources) != 4 || i == 3 && !maps.Equal(got, want) {
			t.Errorf("%s: %+v", url, h)
		}
	}
}

// pair starts two instances and waits until each has half of the work.
func (c *cluster) pair() (one, two *life) {
	c.t.Helper()
	one, two = c.start(c.many("one")), c.start(c.many("two"))
	for _, l := range []*life{one, two} {
		l.until(c.t, "a share of the work", func(s runtime.Status) bool { return s.Partitions == 4 && s.Phase == runtime.PhaseRunning })
	}
	return one, two
}

// TestStopInstancesWithSavepoint: one is asked, all stop, and what readers have seen is what the savepoint accounts for. The job can go on.
func TestStopInstancesWithSavepoint(t *testing.T) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, want := text(1500)
	one, two := c.pair()
	c.feed("text", lines...)
	for _, l := range []*life{one, two} {
		l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	}
	st, err := one.in.StartSavepoint(runtime.SavepointRequest{Name: "end", Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*life{one, two} {
		l.ended(t)
	}
	h, got := wordsIn(t, st.URL)
	if again := replayed(c.committed("text"), h); !maps.Equal(got, again) {
		t.Errorf("got %v, want %v", got, again)
	}
	checkCounts(t, c.committed("word-counts"), got)
	next := c.start(c.many("one"))
	c.awaitOutputs("word-counts", want)
	if err := next.stop(t); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, c.committed("word-counts"), want)
}

// TestStopInstancesAmidATrickle: with few records there are moments without any under way while sources are still read. None of them is one to stop at: who is asked has
// let its own sources stand still for a while before it ends.
func TestStopInstancesAmidATrickle(t *testing.T) {
	c := newCluster(t, 4, "text", "word-counts")
	lines, _ := text(4000)
	one, two := c.pair()
	var fed []time.Time // when each line was there
	enough, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-enough:
				return
			case <-time.After(20 * time.Millisecond):
				c.feed("text", lines[n])
				fed = append(fed, time.Now())
			}
		}
	}()
	for _, l := range []*life{one, two} {
		l.until(t, "a commit", func(s runtime.Status) bool { return s.Commits > 0 })
	}
	st, err := one.in.StartSavepoint(runtime.SavepointRequest{Name: "end", Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	one.until(t, "the end of its work", func(s runtime.Status) bool { return s.Phase != runtime.PhaseRunning })
	stopped := time.Now()
	for _, l := range []*life{one, two} {
		l.ended(t)
	}
	close(enough)
	<-done
	h, got := wordsIn(t, st.URL)
	if again := replayed(c.committed("text"), h); !maps.Equal(got, again) {
		t.Errorf("got %v, want %v", got, again)
	}
	read := int64(0)
	for _, s := range h.Sources {
		read += s.Offset
	}
	if still := stopped.Sub(fed[read-1]); still < 500*time.Millisecond {
		t.Errorf("the last line was there %v before the first instance stopped; all sources should have stood still for longer", still)
	}
}
