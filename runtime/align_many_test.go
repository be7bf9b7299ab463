package runtime_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirstream/weir/runtime"
	"github.com/weirstream/weir/stream"
)

// A fast partition waits for a slow one that another instance reads, and goes on with it.
func TestAlignWatermarksOfManyInstances(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "text", "word-counts")
	const chunk, most = 200, 60
	job := runs(t, perSecondOf(stream.Topics("text"), stream.AlignWatermarks(10*time.Second)))
	one, two := c.start(c.many("one"), job), c.start(c.many("two"), job)
	in := func() int { return int(one.in.Status().RecordsIn + two.in.Status().RecordsIn) }
	for _, l := range []*life{one, two} {
		l.until(t, "a partition of its own", func(s runtime.Status) bool { return s.Ready() && s.Partitions > 0 })
	}
	c.feedBatch("text", 1, []string{"0 s"})
	fed, at, held := 1, 0, false
	for at = 0; at < most && !held; at++ {
		c.feedBatch("text", 0, slices.Repeat([]string{fmt.Sprint(at*20_000, " f")}, chunk))
		fed += chunk
		// Until the slow one is committed, and the other instance knows of it, it goes on.
		for end := time.Now().Add(3 * time.Second); in() < fed && !held; time.Sleep(10 * time.Millisecond) {
			held = time.Now().After(end)
		}
	}
	if !held {
		t.Fatalf("%d records were read though the slow partition is at its first", fed)
	}
	c.feedBatch("text", 1, []string{fmt.Sprint(at*20_000, " s")})
	one.until(t, "the rest", func(runtime.Status) bool { return in() == fed+1 })
	for _, l := range []*life{one, two} {
		if err := l.stop(t); err != nil {
			t.Fatal(err)
		}
	}
}
