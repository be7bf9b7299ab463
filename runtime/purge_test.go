package runtime_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirstream/weir/runtime"
)

// Records of a repartition topic are deleted once they are consumed and committed, and no others: a successor finds all that is left to do.
func TestRepartitionTopicsArePurged(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, "text", "word-counts")
	lines, want := text(400)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	admin, topic := kadm.NewClient(cl), runtime.RepartitionTopic("wordcount", "by_word")
	c.feed("text", lines[:200]...)
	l := c.start(c.many("one"))
	l.until(t, "records purged", func(runtime.Status) bool {
		low, err := admin.ListStartOffsets(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		begin, _ := low.Lookup(topic, 0)
		return begin.Err == nil && begin.Offset > 0
	})
	low, err := admin.ListStartOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := admin.FetchOffsets(t.Context(), "wordcount")
	if err != nil {
		t.Fatal(err)
	}
	begin, _ := low.Lookup(topic, 0)
	if at, ok := committed.Lookup(topic, 0); !ok || begin.Offset > at.At {
		t.Errorf("the topic begins at %d, and %d is committed", begin.Offset, at.At)
	}
	if err := l.stop(t); err != nil {
		t.Fatal(err)
	}
	c.feed("text", lines[200:]...)
	l = c.start(c.many("one"))
	c.finish(want, l)
}
